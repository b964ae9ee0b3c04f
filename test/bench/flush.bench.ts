// What a point costs between its arrival and its table: append to the memtable, and the flush job
// with sorting, encoding and zstd, for memtables of few long series and of many short ones.

import { createMemtable } from '../../storage/memtable.ts';
import { type FlushInput, flush } from '../../storage/workers/flush-job.ts';
import { METRIC_KINDS, metricValues } from '../support/metric-mix.ts';
import { figure } from './support/figure.ts';
import { writeReport } from './support/report.ts';
import { shortestMs } from './support/timing.ts';

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

interface Outcome {
  readonly seriesCount: number;
  readonly perSeries: number;
  /** ns a point. */
  readonly appendNs: number;
  readonly recycledNs: number;
  readonly flushNs: number;
  readonly bytesPerPoint: number;
}

function measure(seriesCount: number, perSeries: number): Outcome {
  const points = seriesCount * perSeries;
  const first = fill(seriesCount, perSeries);
  const again = fill(seriesCount, perSeries, first.arena.buffer);
  const input: FlushInput = {
    arena: again.arena,
    policyIds: new Uint32Array(seriesCount + 1).fill(1),
    windowsMs: Float64Array.of(0, WINDOW_MS),
  };
  let bytes = 0;
  const flushMs = shortestMs(ROUNDS, () => {
    bytes = flush(input).tables.reduce((sum, table) => sum + table.bytes.length, 0);
  });
  const nsPerPoint = (ms: number) => (ms * 1e6) / points;
  return {
    seriesCount,
    perSeries,
    appendNs: nsPerPoint(first.appendMs),
    recycledNs: nsPerPoint(again.appendMs),
    flushNs: nsPerPoint(flushMs),
    bytesPerPoint: bytes / points,
  };
}

const outcomes = [measure(4000, 700), measure(100_000, 27), measure(500_000, 4)];
const [fleet] = outcomes;

writeReport({
  name: 'flush',
  title: 'Memtable and flush',
  headline: [
    `A point takes ${figure(fleet!.recycledNs)} ns into the memtable and ${figure(fleet!.flushNs)}`,
    'ns from there into a table.',
  ].join(' '),
  about: [
    'Memtables of the mix, filled by one batch of all series for each time, and the job that sorts',
    'one by series, encodes and compresses it into tables; on one thread, without files.',
    '*Recycled* is the memory of a memtable that was flushed before, as a running server uses it.',
  ].join(' '),
  columns: [
    'series',
    'points each',
    'append, new memory ns',
    'append, recycled ns',
    'flush ns',
    'table B / point',
  ],
  rows: outcomes.map((outcome) => [
    outcome.seriesCount,
    outcome.perSeries,
    outcome.appendNs,
    outcome.recycledNs,
    outcome.flushNs,
    outcome.bytesPerPoint,
  ]),
});
