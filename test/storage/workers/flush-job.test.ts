import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMemtable } from '../../../storage/memtable.ts';
import { chunksOf, decodeChunk } from '../../../storage/sstable/block.ts';
import { openTable } from '../../../storage/sstable/reader.ts';
import { type FlushedTable, flush } from '../../../storage/workers/flush-job.ts';
import { createRng } from '../../sim/rng.ts';
import { sameBits } from '../../support/bits.ts';
import { memoryFile } from '../../support/memory-file.ts';

const flushJob = suite('storage/workers/flush-job');

type Point = readonly [id: number, timestampMs: number, value: number];

/** Series 1..99 have policy 1 (windows of 100 ms), later ones policy 2 (of 1000 ms). */
function flushPoints(points: readonly Point[]): readonly FlushedTable[] {
  const memtable = createMemtable(1 << 20);
  memtable.append(
    Uint32Array.from(points, (point) => point[0]),
    Float64Array.from(points, (point) => point[1]),
    Float64Array.from(points, (point) => point[2]),
    0,
    points.length,
  );
  const policyIds = Uint32Array.from({ length: 200 }, (_, id) => (id < 100 ? 1 : 2));
  return flush({
    arena: memtable.seal(),
    policyIds,
    windowsMs: Float64Array.of(0, 100, 1000),
  }).tables;
}

async function pointsOf(table: FlushedTable): Promise<Point[]> {
  const opened = await openTable(memoryFile(table.bytes), 'test.sst');
  const found: Point[] = [];
  for (const id of await opened.seriesIds()) {
    for (let b = 0; b < opened.blocks.length; b++) {
      const block = await opened.readBlock(b);
      const { from, to } = chunksOf(block, id);
      for (let chunk = from; chunk < to; chunk++) {
        const { timestampsMs, values } = decodeChunk(block, chunk);
        timestampsMs.forEach((timestampMs, i) => {
          found.push([id, timestampMs, values[i]!]);
        });
      }
    }
  }
  return found;
}

flushJob('writes one table for each policy and window, in that order', async () => {
  const tables = flushPoints([
    [150, 2500, 1],
    [7, 250, 2],
    [7, -1, 3],
    [150, 10, 4],
    [3, 199, 5],
    [7, 100, 6],
  ]);
  const places = tables.map(({ summary }) => {
    return [summary.policyId, summary.windowStartMs, summary.windowEndMs, summary.pointCount];
  });
  assert.equal(places, [
    [1, -100, 0, 1],
    [1, 100, 200, 2],
    [1, 200, 300, 1],
    [2, 0, 1000, 1],
    [2, 2000, 3000, 1],
  ]);
  assert.equal(await pointsOf(tables[1]!), [
    [3, 199, 5],
    [7, 100, 6],
  ]);
});

flushJob('keeps the newest value of a timestamp and sorts late points in', async () => {
  const tables = flushPoints([
    [1, 30, 1],
    [1, 10, 2],
    [1, 30, 3],
    [1, 20, 4],
    [1, 10, 5],
  ]);
  assert.is(tables.length, 1);
  assert.equal(await pointsOf(tables[0]!), [
    [1, 10, 5],
    [1, 20, 4],
    [1, 30, 3],
  ]);
});

flushJob('loses and invents nothing in a random history', async () => {
  const rng = createRng(7);
  const points: Point[] = Array.from({ length: 5000 }, () => {
    return [1 + rng.below(150), rng.below(3000) - 1000, rng.below(1000)];
  });
  const model = new Map<string, number>();
  for (const [id, timestampMs, value] of points) model.set(`${id} ${timestampMs}`, value);
  const found = new Map<string, number>();
  for (const table of flushPoints(points)) {
    const { windowStartMs, windowEndMs } = table.summary;
    for (const [id, timestampMs, value] of await pointsOf(table)) {
      assert.ok(timestampMs >= windowStartMs && timestampMs < windowEndMs);
      assert.not(found.has(`${id} ${timestampMs}`));
      found.set(`${id} ${timestampMs}`, value);
    }
  }
  assert.is(found.size, model.size);
  for (const [key, value] of model) assert.is(found.get(key), value);
});

flushJob('keeps every bit of NaNs, also once its loops are compiled', async () => {
  const count = 60_000;
  const rng = createRng(3);
  const words = Uint32Array.from({ length: 2 * count }, (_, i) => {
    // Quiet, signalling, negative: the top bits say NaN, the rest is anything.
    return i % 2 === 1
      ? 0x7ff00000 | (rng.below(2) << 31) | rng.below(2 ** 20)
      : rng.below(2 ** 32);
  });
  const values = new Float64Array(words.buffer);
  const ids = Uint32Array.from(values, (_, i) => 1 + (i % 7));
  const timestampsMs = Float64Array.from(values, (_, i) => Math.floor(i / 7));
  const memtable = createMemtable(4 << 20);
  for (let from = 0; from < count; from += 100) {
    memtable.append(ids, timestampsMs, values, from, Math.min(count, from + 100));
  }
  const input = {
    arena: memtable.seal(),
    policyIds: new Uint32Array(8).fill(1),
    windowsMs: Float64Array.of(0, 1e6),
  };
  for (let round = 0; round < 3; round++) {
    const [table] = flush(input).tables;
    const opened = await openTable(memoryFile(table!.bytes), 'test.sst');
    const found = new Float64Array(count);
    for (let b = 0; b < opened.blocks.length; b++) {
      const block = await opened.readBlock(b);
      block.ids.forEach((id, chunk) => {
        const decoded = decodeChunk(block, chunk);
        decoded.timestampsMs.forEach((timestampMs, i) => {
          found.set(decoded.values.subarray(i, i + 1), timestampMs * 7 + id - 1);
        });
      });
    }
    sameBits(found, values);
  }
});

flushJob('makes no table of an empty memtable', () => {
  assert.equal(flushPoints([]), []);
});

flushJob.run();
