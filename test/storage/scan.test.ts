import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStorage, type ScanCost } from '../../storage/index.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { EVERYTHING, labels } from '../support/storage.ts';

const scan = suite('storage/scan');

const HOUR_MS = 3_600_000;
const SERIES = 100_000;
const BLOCKS_PER_TABLE_MAX = 3;

scan('an hour of one series among 100,000 touches at most three blocks of a table', async () => {
  const storage = await openStorage('data', createSimEnv(), {});
  const labelSets = Array.from({ length: SERIES }, (_, i) => labels('metric', `${i}`));
  const ids = await storage.resolve(labelSets);
  // Two tables of one window, twice over its time.
  for (const startMs of [0, HOUR_MS]) {
    for (const offsetMs of [0, HOUR_MS / 2]) {
      await storage.append({
        ids,
        timestampsMs: new Float64Array(SERIES).fill(startMs + offsetMs),
        values: Float64Array.from(ids, (id) => id + offsetMs),
      });
    }
    await storage.flush();
  }
  const { tables } = storage.stats();
  for (const i of [0, 4095, 4096, 31_337, SERIES - 1]) {
    const cost = emptyCost();
    const series = { type: '=', name: 'series', value: `${i}` } as const;
    const range = { startMs: HOUR_MS / 4, endMs: (5 * HOUR_MS) / 4 };
    let points = 0;
    for await (const batch of storage.scan({ selectors: [[series]], ...range, cost })) {
      for (const { values } of batch) points += values.length;
    }
    assert.is(points, 2);
    assert.is(cost.tables, tables);
    const blocks = cost.blocksRead + cost.blocksCached;
    assert.ok(blocks >= 1 && blocks <= BLOCKS_PER_TABLE_MAX * cost.tables, `${blocks} blocks`);
  }
  await storage.close();
});

scan('what is decoded in one turn is bounded by points, not by the answer', async () => {
  const storage = await openStorage('data', createSimEnv(), {});
  const width = 6000;
  const labelSets = Array.from({ length: 20 }, (_, i) => labels('metric', `${i}`));
  const ids = await storage.resolve(labelSets);
  for (const id of ids) {
    await storage.append({
      ids: new Uint32Array(width).fill(id),
      timestampsMs: Float64Array.from({ length: width }, (_, i) => i * 1000),
      values: new Float64Array(width).fill(id),
    });
  }
  const batches: number[] = [];
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) {
    batches.push(batch.reduce((sum, { values }) => sum + values.length, 0));
  }
  assert.equal(batches, [36_000, 36_000, 36_000, 12_000]);
  await storage.close();
});

function emptyCost(): ScanCost {
  return { windows: 0, tables: 0, tablesSkipped: 0, blocksRead: 0, bytesRead: 0, blocksCached: 0 };
}

scan.run();
