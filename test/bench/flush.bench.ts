// What a point costs between its arrival and its table: append to the memtable, and the flush job
// with sorting, encoding and zstd, for memtables of few long series and of many short ones.
// node dist/test/bench/flush.js

import { createMemtable } from '../../storage/memtable.ts';
import { type FlushInput, flush } from '../../storage/workers/flush-job.ts';
import { METRIC_KINDS, metricValues } from '../support/metric-mix.ts';

const START_MS = 1_700_006_400_000;
const STEP_MS = 10_000;
const WINDOW_MS = 7_200_000;
const POINT_BYTES = 24;
const ROUNDS = 4;

/** One batch for each time, as a fleet that is scraped together sends them. */
function fill(seriesCount: number, perSeries: number, recycled?: SharedArrayBuffer) {
  const memtable = createMemtable(seriesCount * perSeries * POINT_BYTES, recycled);
  const columns = Array.from({ length: 1000 }, (_, k) => {
    return metricValues(METRIC_KINDS[k % METRIC_KINDS.length]!, perSeries, k);
  });
  const ids = Uint32Array.from({ length: seriesCount }, (_, k) => k + 1);
  const timestampsMs = new Float64Array(seriesCount);
  const values = new Float64Array(seriesCount);
  let appendMs = 0;
  for (let i = 0; i < perSeries; i++) {
    timestampsMs.fill(START_MS + i * STEP_MS);
    for (let k = 0; k < seriesCount; k++) values[k] = columns[k % columns.length]![i]!;
    const beganMs = performance.now();
    memtable.append(ids, timestampsMs, values, 0, seriesCount);
    appendMs += performance.now() - beganMs;
  }
  return { arena: memtable.seal(), appendMs };
}

function row(seriesCount: number, perSeries: number): string {
  const points = seriesCount * perSeries;
  const first = fill(seriesCount, perSeries);
  const again = fill(seriesCount, perSeries, first.arena.buffer);
  const input: FlushInput = {
    arena: again.arena,
    policyIds: new Uint32Array(seriesCount + 1).fill(1),
    windowsMs: Float64Array.of(0, WINDOW_MS),
  };
  let flushMs = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const beganMs = performance.now();
    bytes = flush(input).tables.reduce((sum, table) => sum + table.bytes.length, 0);
    flushMs = Math.min(flushMs, performance.now() - beganMs);
  }
  const perPoint = (ms: number) => `${((ms * 1e6) / points).toFixed(1)} ns`;
  return [
    `${seriesCount} series of ${perSeries}:`,
    `append ${perPoint(first.appendMs)}, in a recycled arena ${perPoint(again.appendMs)},`,
    `flush ${perPoint(flushMs)}, ${(bytes / points).toFixed(2)} B`,
  ].join(' ');
}

for (const [seriesCount, perSeries] of [
  [4000, 700],
  [100_000, 27],
  [500_000, 4],
] as const) {
  console.log(row(seriesCount, perSeries));
}
