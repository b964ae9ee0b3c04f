import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arenaColumns, createMemtable, type Memtable } from '../../storage/memtable.ts';
import { sameBits } from '../support/bits.ts';
import { property } from '../support/seed.ts';

const memtable = suite('storage/memtable');
const MIB = 1 << 20;

type Point = readonly [id: number, timestampMs: number, value: number];

function append(table: Memtable, points: readonly Point[]): void {
  table.append(
    Uint32Array.from(points, (point) => point[0]),
    Float64Array.from(points, (point) => point[1]),
    Float64Array.from(points, (point) => point[2]),
    0,
    points.length,
  );
}

/** What must be read: by time, the value written last. */
function expected(points: readonly Point[], id: number, startMs: number, endMs: number) {
  const byTime = new Map<number, number>();
  for (const [pointId, timestampMs, value] of points) {
    if (pointId === id && timestampMs >= startMs && timestampMs < endMs) {
      byTime.set(timestampMs, value);
    }
  }
  const timestampsMs = [...byTime.keys()].sort((a, b) => a - b);
  return { timestampsMs, values: timestampsMs.map((timestampMs) => byTime.get(timestampMs)!) };
}

memtable('reads what was appended, by time, the newest value of each timestamp', () => {
  const table = createMemtable(MIB);
  append(table, [
    [1, 100, 1],
    [2, 100, 2],
    [1, 50, 3],
    [1, 100, 4],
  ]);
  append(table, [[1, 200, 5]]);
  const read = table.read(1, 0, 1000);
  assert.equal([...read.timestampsMs], [50, 100, 200]);
  assert.equal([...read.values], [3, 4, 5]);
  assert.is(table.points, 5);
  assert.is(table.seriesCount, 2);
  assert.equal([...table.seriesIds()], [1, 2]);
  assert.equal([table.minTimestampMs, table.maxTimestampMs], [50, 200]);
});

memtable('reads the start of a range and not its end', () => {
  const table = createMemtable(MIB);
  append(table, [
    [1, 10, 1],
    [1, 20, 2],
    [1, 30, 3],
  ]);
  assert.equal([...table.read(1, 10, 30).timestampsMs], [10, 20]);
});

memtable('has nothing for series it never saw', () => {
  const table = createMemtable(MIB);
  assert.is(table.read(5_000_000, 0, 1000).values.length, 0);
  append(table, [[3, 10, 1]]);
  assert.is(table.read(2, 0, 1000).values.length, 0);
  assert.is(table.read(5_000_000, 0, 1000).values.length, 0);
});

memtable('reads single series and many of them alike, as a model does', () => {
  const anyPoint = fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: -20, max: 20 }),
    fc.integer(),
  );
  const batches = fc.array(fc.array(anyPoint, { maxLength: 40 }), { maxLength: 8 });
  const bound = fc.integer({ min: -25, max: 25 });
  fc.assert(
    fc.property(batches, bound, bound, (written, startMs, endMs) => {
      const table = createMemtable(MIB);
      for (const batch of written) append(table, batch);
      const all = written.flat();
      const ids = Uint32Array.of(1, 2, 3, 5, 6, 9);
      const many = table.readMany(ids, startMs, endMs);
      ids.forEach((id, k) => {
        const want = expected(all, id, startMs, endMs);
        for (const read of [table.read(id, startMs, endMs), many[k]!]) {
          assert.equal([...read.timestampsMs], want.timestampsMs);
          assert.equal([...read.values], want.values);
        }
      });
    }),
    property(300),
  );
});

memtable('keeps the bits of every NaN', () => {
  const words = Uint32Array.of(1, 0x7ff00000, 2, 0x7ff00000, 0xdeadbeef, 0xfff80000);
  const values = new Float64Array(words.buffer);
  const table = createMemtable(MIB);
  table.append(Uint32Array.of(1, 1, 1), Float64Array.of(1, 2, 3), values, 0, 3);
  sameBits(table.read(1, 0, 10).values, values);
});

memtable('counts the bytes of points and of series ids, and says when it is full', () => {
  const table = createMemtable(24 * 2000);
  assert.is(table.bytes, 0);
  assert.ok(table.fits(2000));
  assert.not(table.fits(2001));
  append(table, [[1, 10, 1]]);
  assert.is(table.bytes, 24 + 1024 * 4);
  assert.ok(table.fits(1800));
  assert.not(table.fits(1900));
  assert.not(table.fits(1, 100_000));
});

memtable('takes a batch of any series while it is empty', () => {
  const table = createMemtable(24 * 100);
  assert.ok(table.fits(100, 4_000_000));
});

memtable('hands its columns over when it is sealed, and takes no more', () => {
  const table = createMemtable(MIB);
  append(table, [
    [4, 10, 1.5],
    [2, 20, 2.5],
  ]);
  const arena = table.seal();
  const columns = arenaColumns(arena);
  assert.is(arena.points, 2);
  assert.equal([...columns.ids.subarray(0, 2)], [4, 2]);
  assert.equal([...columns.values.subarray(0, 2)], [1.5, 2.5]);
  assert.throws(() => append(table, [[1, 1, 1]]), /invariant broken/);
  assert.is(table.read(4, 0, 100).values[0], 1.5);
});

memtable('starts empty in the arena of an older one', () => {
  const old = createMemtable(24 * 100);
  append(old, [
    [1, 10, 1],
    [2, 20, 2],
  ]);
  const table = createMemtable(24 * 100, old.seal().buffer);
  assert.is(table.points, 0);
  assert.is(table.read(1, 0, 100).values.length, 0);
  append(table, [[2, 30, 3]]);
  assert.equal([...table.read(2, 0, 100).values], [3]);
});

memtable.run();
