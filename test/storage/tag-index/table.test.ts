import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/errors.ts';
import { createBlockCache } from '../../../storage/sstable/block-cache.ts';
import type { IndexRecord } from '../../../storage/tag-index/block.ts';
import { compactIndexTables } from '../../../storage/tag-index/compaction.ts';
import { DELETE, PUT } from '../../../storage/tag-index/format.ts';
import { compareKeys, filterHash, idKeyOf } from '../../../storage/tag-index/keys.ts';
import { openIndexTable, readIndexTable } from '../../../storage/tag-index/table.ts';
import { buildIndexTables } from '../../../storage/tag-index/table-builder.ts';
import { flipBit } from '../../support/damage.ts';
import { memoryFile } from '../../support/memory-file.ts';
import { rejection } from '../../support/rejection.ts';
import { property } from '../../support/seed.ts';

const table = suite('storage/tag-index/table');

/** Records of label sets: keys that share beginnings, values of any length. */
const records = fc
  .uniqueArray(
    fc.record(
      {
        key: fc
          .array(fc.constantFrom(1, 1, 1, 2, 255), { minLength: 1, maxLength: 20 })
          .map((bytes) => Uint8Array.from([1, ...bytes])),
        kind: fc.constantFrom(DELETE, PUT),
        value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 400, size: 'max', selector: ({ key }) => key.join() },
  )
  .map((list): IndexRecord[] => list.sort((a, b) => compareKeys(a.key, b.key)));

const open = (bytes: Uint8Array, cacheBytes = 2 ** 20) =>
  openIndexTable(memoryFile(bytes), 'some.idx', 1, createBlockCache(cacheBytes));

const KEY_RANGE_ALL = { from: Uint8Array.of(0), to: Uint8Array.of(255, 255) };

table('what is written is found and scanned, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(records, records, async (written, others) => {
      const [built] = buildIndexTables(written, {
        targetBytes: Number.POSITIVE_INFINITY,
        bloomBitsPerKey: 10,
      });
      const opened = await open(built!.bytes);
      const byKey = new Map(written.map((record) => [record.key.join(), record]));
      for (const { key } of [...written, ...others]) {
        const want = byKey.get(key.join());
        assert.equal(await opened.get(key), want);
        if (want !== undefined) assert.ok(opened.mayContain(filterHash(key)!));
      }
      const from = others[0]!.key;
      const to = others.at(-1)!.key;
      const seen: IndexRecord[] = [];
      await opened.scan({ from, to }, (cursor) => seen.push(cursor.record()) > 0);
      const within = ({ key }: IndexRecord) =>
        compareKeys(key, from) >= 0 && compareKeys(key, to) < 0;
      assert.equal(seen, written.filter(within));
      assert.equal([...readIndexTable(built!.bytes, 'some.idx')], written);
    }),
    property(40),
  );
});

table('a scan ends when it is told to', async () => {
  const written = [1, 2, 3].map((id) => ({
    key: idKeyOf(id),
    kind: PUT,
    value: Uint8Array.of(id),
  }));
  const opened = await open(
    buildIndexTables(written, { targetBytes: 1000, bloomBitsPerKey: 10 })[0]!.bytes,
  );
  let visits = 0;
  await opened.scan(KEY_RANGE_ALL, () => ++visits < 2);
  assert.is(visits, 2);
});

table('tables are cut at their size, in key order, with disjoint ranges', () => {
  const written = Array.from({ length: 20_000 }, (_, i) => ({
    key: idKeyOf(i + 1),
    kind: PUT,
    value: Uint8Array.from({ length: 16 }, (_, j) => (i * 2654435761 * (j + 1)) >>> 24),
  }));
  const built = buildIndexTables(written, { targetBytes: 100_000, bloomBitsPerKey: 10 });
  assert.ok(built.length > 2);
  for (const [i, { bytes, meta }] of built.entries()) {
    assert.is(meta.sizeBytes, bytes.length);
    assert.ok(bytes.length < 140_000);
    if (i > 0) assert.ok(compareKeys(built[i - 1]!.meta.lastKey, meta.firstKey) < 0);
  }
  const back = built.flatMap(({ bytes }) => [...readIndexTable(bytes, 'some.idx')]);
  assert.equal(back, written);
});

table('no records make no table', () => {
  assert.equal(buildIndexTables([], { targetBytes: 1000, bloomBitsPerKey: 10 }), []);
});

table('a block is read once, and answers come at once from then on', async () => {
  const written = [1, 2].map((id) => ({ key: idKeyOf(id), kind: PUT, value: Uint8Array.of(id) }));
  const opened = await open(
    buildIndexTables(written, { targetBytes: 1000, bloomBitsPerKey: 10 })[0]!.bytes,
  );
  const first = opened.get(idKeyOf(1));
  assert.ok(first instanceof Promise);
  await first;
  assert.not(opened.get(idKeyOf(2)) instanceof Promise);
});

/** Everything that a table can be asked. */
async function readAll(bytes: Uint8Array): Promise<IndexRecord[]> {
  const opened = await open(bytes);
  for (const block of opened.index.handles.keys()) await opened.readBlock(block);
  const seen: IndexRecord[] = [];
  await opened.scan(KEY_RANGE_ALL, (cursor) => seen.push(cursor.record()) > 0);
  return seen;
}

table('a flip of any bit is corruption, with the file and the place', async () => {
  const written = Array.from({ length: 40 }, (_, i) => ({
    key: Uint8Array.from([1, ...Buffer.from(`series ${i % 10} ${i}`)]),
    kind: PUT,
    value: Uint8Array.of(i),
  })).sort((a, b) => compareKeys(a.key, b.key));
  const { bytes } = buildIndexTables(written, { targetBytes: 1e6, bloomBitsPerKey: 10 })[0]!;
  assert.is((await readAll(bytes)).length, 40);
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [0, 7]) {
      const error = await rejection(readAll(flipBit(bytes.slice(), at, bit)));
      assert.instance(error, CorruptionError, `byte ${at}: ${error}`);
      assert.is((error as CorruptionError).path, 'some.idx');
    }
  }
});

table('a file cut short is corruption', async () => {
  const written = [{ key: idKeyOf(1), kind: PUT, value: Uint8Array.of(1) }];
  const { bytes } = buildIndexTables(written, { targetBytes: 1e6, bloomBitsPerKey: 10 })[0]!;
  for (let length = 0; length < bytes.length; length++) {
    assert.instance(await rejection(readAll(bytes.slice(0, length))), CorruptionError);
  }
});

table('compaction keeps the newest record of a key', () => {
  const key = idKeyOf(7);
  const runOf = (...list: IndexRecord[]) => [
    {
      path: 'some.idx',
      bytes: buildIndexTables(list, { targetBytes: 1e6, bloomBitsPerKey: 10 })[0]!.bytes,
    },
  ];
  const newer = runOf({ key, kind: DELETE, value: new Uint8Array(0) });
  const older = runOf({ key, kind: PUT, value: Uint8Array.of(1) });
  const merge = (runs: (typeof newer)[], dropTombstones: boolean) =>
    compactIndexTables({ runs, dropTombstones, targetBytes: 1e6, bloomBitsPerKey: 10 }).flatMap(
      ({ bytes }) => [...readIndexTable(bytes, 'some.idx')],
    );
  assert.equal(merge([older, newer], false), [{ key, kind: PUT, value: Uint8Array.of(1) }]);
  assert.equal(merge([newer, older], false), [{ key, kind: DELETE, value: new Uint8Array(0) }]);
  assert.equal(merge([newer, older], true), []);
});

table.run();
