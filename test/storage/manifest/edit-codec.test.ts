import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteReader } from '../../../storage/coding/byte-reader.ts';
import { CorruptionError } from '../../../storage/index.ts';
import type { Edit } from '../../../storage/manifest/edit.ts';
import { decodeEdit, encodeEdit } from '../../../storage/manifest/edit-codec.ts';
import { runsOf } from '../../../storage/series/series-runs.ts';
import { tableMeta } from '../../support/manifest.ts';
import { property } from '../../support/seed.ts';

const codec = suite('storage/manifest/edit-codec');
const decode = (bytes: Uint8Array): Edit => decodeEdit(new ByteReader(bytes, 'x'));

const count = fc.nat({ max: 2 ** 53 - 1 });
const time = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
const bytes = fc.uint8Array({ maxLength: 20 }).map((key) => Uint8Array.from(key));
const shape = { noNullPrototype: true };
const table = fc.record(
  {
    kind: fc.constantFrom('points', 'events'),
    number: count,
    policyId: count,
    windowStartMs: time,
    windowEndMs: time,
    sizeBytes: count,
    minTimestampMs: time,
    maxTimestampMs: time,
    firstSeries: count,
    lastSeries: count,
    seriesCount: count,
    pointCount: count,
    sequence: count,
  },
  shape,
);
const indexTable = fc.record(
  {
    number: count,
    level: fc.nat({ max: 7 }),
    sizeBytes: count,
    entryCount: count,
    firstKey: bytes,
    lastKey: bytes,
    sequence: count,
  },
  shape,
);
const policy = fc.record(
  {
    id: count,
    name: fc.string({ unit: 'binary' }),
    windowMs: count,
    keepMs: fc.constantFrom(1, 86_400_000, Infinity),
    rollup: fc.record(
      { everyMs: count, sourceId: count, untilMs: fc.constantFrom(0, 86_400_000, -Infinity) },
      { ...shape, requiredKeys: ['everyMs', 'sourceId'] },
    ),
  },
  { ...shape, requiredKeys: ['id', 'name', 'windowMs', 'keepMs'] },
);
const tombstone = fc.record(
  {
    sequence: count,
    startMs: fc.double({ noNaN: true }),
    endMs: fc.double({ noNaN: true }),
    series: fc
      .uniqueArray(
        fc.integer({ min: 1, max: 2 ** 32 - 2 }).chain((id) => fc.constantFrom(id, 9, 10)),
      )
      .map((ids) => runsOf(Uint32Array.from(ids).sort())),
  },
  shape,
);
const cleanedTable = fc.record({ number: count, sequence: count }, shape);
const rolledWindow = fc.record(
  { tierId: count, startMs: time, tableSequence: count, tombstoneSequence: count },
  shape,
);
const droppedBefore = fc.record({ policyId: count, beforeMs: time }, shape);
const some = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { minLength: 1, maxLength: 4 });
const anyEdit = fc.record(
  {
    addTables: some(table),
    removeTables: some(count),
    addIndexTables: some(indexTable),
    removeIndexTables: some(count),
    policies: some(policy),
    addTombstones: some(tombstone),
    removeTombstones: some(count),
    cleaned: some(cleanedTable),
    rolled: some(rolledWindow),
    dropped: some(droppedBefore),
    walSegment: count,
    nextFileNumber: count,
    nextSeriesId: count,
    clean: fc.boolean(),
  },
  { ...shape, requiredKeys: [] },
);

codec('every edit comes back as it was, absent fields absent', () => {
  fc.assert(
    fc.property(anyEdit, (edit) => assert.equal(decode(encodeEdit(edit)), edit)),
    property(500),
  );
});

codec('windows at both ends of time survive', () => {
  const edit = {
    addTables: [
      tableMeta(1, { windowStartMs: -(2 ** 53) - 1000, minTimestampMs: -(2 ** 53) }),
      tableMeta(2, { windowEndMs: 2 ** 53 + 1000, maxTimestampMs: 2 ** 53 }),
    ],
  };
  assert.equal(decode(encodeEdit(edit)), edit);
});

codec('keys are copies of what was read', () => {
  const edit = decode(
    encodeEdit({
      addIndexTables: [
        {
          number: 1,
          level: 0,
          sizeBytes: 1,
          entryCount: 1,
          firstKey: Uint8Array.of(5),
          lastKey: Uint8Array.of(6),
          sequence: 1,
        },
      ],
    }),
  );
  assert.is(edit.addIndexTables?.[0]?.firstKey.buffer.byteLength, 1);
});

codec('an unknown field names the cause', () => {
  assert.throws(() => decode(Uint8Array.of(100, 1)), /field 100 of an edit is unknown: a newer/);
});

codec('an edit cut short within a field is corruption', () => {
  const whole = encodeEdit({ addTables: [tableMeta(300)] });
  for (let length = 1; length < whole.length; length++) {
    const cut = (): Edit => decode(whole.subarray(0, length));
    assert.throws(cut, (error: unknown) => error instanceof CorruptionError);
  }
});

codec('a tombstone with more series than there can be is corruption', () => {
  const runs = [
    ['more runs than bytes', [10, 1, ...Array(16).fill(0), 100, 1, 1]],
    ['a series id beyond 32 bits', [10, 1, ...Array(16).fill(0), 1, 255, 255, 255, 255, 15, 1]],
  ] as const;
  for (const [message, bytesOfEdit] of runs) {
    assert.throws(() => decode(Uint8Array.from(bytesOfEdit)), new RegExp(message));
  }
});

codec.run();
