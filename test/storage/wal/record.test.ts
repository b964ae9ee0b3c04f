import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError, type PointBatch } from '../../../storage/index.ts';
import {
  decodeRecord,
  encodePoints,
  encodeSeries,
  pointsBytesMax,
} from '../../../storage/wal/record.ts';
import { property } from '../../support/seed.ts';
import { recordText } from '../../support/wal.ts';

const record = suite('storage/wal/record');
const MAX = 2 ** 53;

function encoded(batch: PointBatch): Uint8Array {
  const bytes = new Uint8Array(16 + pointsBytesMax(batch.ids.length));
  const length = encodePoints(batch, bytes, 16);
  assert.ok(length <= pointsBytesMax(batch.ids.length));
  return bytes.subarray(16, 16 + length);
}

function check(batch: PointBatch): Uint8Array {
  const bytes = encoded(batch);
  // Anywhere in memory, aligned or not.
  const moved = new Uint8Array(bytes.length + 1);
  moved.set(bytes, 1);
  const back = decodeRecord(moved.subarray(1), 'x', 0);
  assert.is(recordText(back), recordText({ kind: 'points', batch }));
  return bytes;
}

function columns(ids: number[], timestampsMs: number[], values: number[]): PointBatch {
  return {
    ids: Uint32Array.from(ids),
    timestampsMs: Float64Array.from(timestampsMs),
    values: Float64Array.from(values),
  };
}

const HEADER_BYTES = 24;
const SIZES: [string, PointBatch, number][] = [
  ['one point', columns([5], [1000], [1]), 8],
  ['one time, ids in steps', columns([5, 7, 9], [9, 9, 9], [1, 2, 3]), 8],
  ['one time, one series', columns([5, 5, 5], [9, 9, 9], [1, 2, 3]), 8],
  ['ids in steps downwards', columns([9, 7, 5], [9, 9, 9], [1, 2, 3]), 8],
  ['ids at random', columns([9, 7, 6], [9, 9, 9], [1, 2, 3]), 12],
  ['times within 49 days', columns([1, 2, 3], [9, -5, 2 ** 32 - 6], [1, 2, 3]), 12],
  ['times further apart', columns([1, 2, 3], [9, -5, 2 ** 32 - 5], [1, 2, 3]), 16],
  ['both ends of time, ids at random', columns([4, 1, 2], [-MAX, MAX, 0], [1, 2, 3]), 20],
];
for (const [name, batch, bytesPerPoint] of SIZES) {
  record(`${name}: ${bytesPerPoint} bytes per point`, () => {
    assert.is(check(batch).length, HEADER_BYTES + bytesPerPoint * batch.ids.length);
  });
}

record('the largest ids in steps wrap around nowhere', () => {
  const ids = Array.from({ length: 5000 }, (_, i) => 2 ** 32 - 1 - i * 800_000).filter(
    (n) => n > 0,
  );
  check(columns(ids, Array(ids.length).fill(1), Array(ids.length).fill(2)));
});

record('points survive bit for bit, whatever they are', () => {
  const id = fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 4 }));
  const time = fc.oneof(
    fc.integer({ min: -MAX + 1, max: MAX - 1 }),
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_010_000 }),
  );
  const valueBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const point = fc.tuple(id, time, valueBits);
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 40 }), (list) => {
      const bits = BigUint64Array.from(list.map(([, , value]) => value));
      check({
        ids: Uint32Array.from(list.map(([first]) => first)),
        timestampsMs: Float64Array.from(list.map(([, second]) => second)),
        values: new Float64Array(bits.buffer),
      });
    }),
    property(1000),
  );
});

record('a part of larger columns is taken as that part', () => {
  const whole = columns([1, 5, 2, 8], [10, 30, 20, 40], [1, 2, 3, 4]);
  check({
    ids: whole.ids.subarray(1, 3),
    timestampsMs: whole.timestampsMs.subarray(1, 3),
    values: whole.values.subarray(1, 3),
  });
});

record('series survive, whatever their labels say', () => {
  const text = fc.string({ unit: 'binary' });
  const label = fc.record({ name: text, value: text }, { noNullPrototype: true });
  const entry = fc.record(
    { id: fc.integer({ min: 1, max: 2 ** 32 - 1 }), labels: fc.array(label) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const back = decodeRecord(encodeSeries(entries), 'x', 0);
      assert.equal(back, { kind: 'series', entries });
    }),
    property(300),
  );
});

record('a record cut short or too long is corruption', () => {
  const bytes = encoded(columns([1, 3], [10, 5], [1, 2]));
  for (let length = 0; length < bytes.length; length++) {
    const cut = (): unknown => decodeRecord(bytes.subarray(0, length), 'x', 0);
    assert.throws(cut, (error: unknown) => error instanceof CorruptionError);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assert.throws(() => decodeRecord(longer, 'x', 0), /expected the end/);
});

for (const [at, value] of [
  [0, 3],
  [1, 2],
  [2, 3],
] as const) {
  record(`an unknown ${['kind', 'ids layout', 'times layout'][at]} names the cause`, () => {
    const bytes = encoded(columns([1, 3, 4], [10, 5, 7], [1, 2, 3]));
    bytes[at] = value;
    assert.throws(() => decodeRecord(bytes, 'x', 0), /newer varve/);
  });
}

record('ragged columns are a mistake of ours', () => {
  const bytes = new Uint8Array(1000);
  assert.throws(() => encodePoints(columns([1, 2], [1], [1, 2]), bytes, 0), /invariant/);
  assert.throws(() => encodePoints(columns([1, 2], [1, 2], [1]), bytes, 0), /invariant/);
  assert.throws(() => encodePoints(columns([], [], []), bytes, 0), /invariant/);
});

record.run();
