// Points in varve, and the same points in the B-trees and the LSM tree that a Node developer would
// put them into: how fast they go in, what they take and what was written for that, and how long
// it takes to read those of a series.

import { rmSync } from 'node:fs';
import type { PointBatch } from '../../storage/index.ts';
import { METRIC_KINDS } from '../support/metric-mix.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { EmbeddedStore } from './embedded/store.ts';
import { embeddedStores } from './embedded/stores.ts';
import { mixValues } from './load/batches.ts';
import { endAfter } from './support/bounded.ts';
import { bytesBelow, bytesWritten } from './support/disk-usage.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';
import { quantile } from './support/timing.ts';

const POINTS_PER_SERIES = numberOption('rounds', 1_440);
const SERIES = METRIC_KINDS.length * 100;
const ROUNDS_PER_BATCH = 8;
const STEP_MS = 10_000;
const START_MS = Date.UTC(2026, 0, 1);
const READS = 200;
const HOUR_MS = 3_600_000;
const POINTS = SERIES * POINTS_PER_SERIES;
const POINT_BYTES = 16;

interface Outcome {
  readonly name: string;
  readonly pointsPerSecond: number;
  /** Bytes a point. */
  readonly onDisk: number;
  readonly written: number;
  /** Medians, ms: an hour of a series, and all of it. */
  readonly hourMs: number;
  readonly wholeMs: number;
}

endAfter(1200);
const values = mixValues({ first: 0, count: SERIES, service: '' }, POINTS_PER_SERIES);
const outcomes: Outcome[] = [];
for (const open of embeddedStores()) {
  const dir = await tempDir();
  const store = await open(dir, SERIES);
  const outcome = await measure(store, dir);
  outcomes.push(outcome);
  rmSync(dir, { recursive: true, force: true });
}
const [varve, ...others] = outcomes;
const best = (of: (outcome: Outcome) => number) => Math.min(...others.map(of));

writeReport({
  name: 'embedded',
  title: 'The same points in embedded stores',
  headline: [
    `varve takes ${figure(varve!.pointsPerSecond)} points/s to`,
    `${figure(varve!.onDisk)} bytes each, the best of the others`,
    `${figure(-best((outcome) => -outcome.pointsPerSecond))} and`,
    `${figure(best((outcome) => outcome.onDisk))}.`,
  ].join(' '),
  about: [
    `${figure(POINTS)} points of the mix, ${figure(SERIES)} series with a point every 10 s, in the`,
    `order of time, ${figure(SERIES * ROUNDS_PER_BATCH)} points a batch, each batch synced before`,
    'the next. The others have a key of series and timestamp and a value of 8 B; SQLite a table',
    'without row ids, in WAL mode. All in one process, one after another. *On disk* is after each',
    'has done what brings it to rest: flush and merge, checkpoint, compaction. *Written* is what',
    'the kernel counts for the process up to there, logs included. *Reads* are medians of',
    `${READS}, series in turns.`,
  ].join(' '),
  columns: [
    'store',
    'points/s',
    'on disk B / point',
    'written B / point',
    'write amplification',
    'an hour of a series ms',
    'a whole series ms',
  ],
  rows: outcomes.map((outcome) => [
    outcome.name,
    Math.round(outcome.pointsPerSecond),
    outcome.onDisk,
    outcome.written,
    outcome.written / POINT_BYTES,
    outcome.hourMs,
    outcome.wholeMs,
  ]),
  plot: {
    kind: 'bars',
    title: 'On disk, and in grey written',
    unit: 'bytes a point',
    bars: outcomes.flatMap(({ name, onDisk, written }) => [
      { label: name, value: onDisk },
      { label: '', value: written, isReference: true },
    ]),
  },
});
process.exit();

async function measure(store: EmbeddedStore, dir: string): Promise<Outcome> {
  const writtenBefore = bytesWritten();
  const startMs = performance.now();
  for (const batch of batches()) await store.append(batch);
  const seconds = (performance.now() - startMs) / 1000;
  await store.settle();
  const written = (bytesWritten() - writtenBefore) / POINTS;
  const onDisk = bytesBelow(dir) / POINTS;
  const endMs = START_MS + POINTS_PER_SERIES * STEP_MS;
  const hourMs = await medianMs(store, endMs - HOUR_MS, endMs, HOUR_MS / STEP_MS);
  const wholeMs = await medianMs(store, START_MS, endMs, POINTS_PER_SERIES);
  await store.close();
  return { name: store.name, pointsPerSecond: POINTS / seconds, onDisk, written, hourMs, wholeMs };
}

function* batches(): Iterable<PointBatch> {
  for (let round = 0; round < POINTS_PER_SERIES; round += ROUNDS_PER_BATCH) {
    const count = ROUNDS_PER_BATCH * SERIES;
    const at = (i: number) => START_MS + (round + Math.floor(i / SERIES)) * STEP_MS;
    yield {
      ids: Uint32Array.from({ length: count }, (_, i) => 1 + (i % SERIES)),
      timestampsMs: Float64Array.from({ length: count }, (_, i) => at(i)),
      values: values.subarray(round * SERIES, round * SERIES + count),
    };
  }
}

async function medianMs(
  store: EmbeddedStore,
  startMs: number,
  endMs: number,
  points: number,
): Promise<number> {
  const times = new Float64Array(READS);
  for (let i = 0; i < READS; i++) {
    const beganMs = performance.now();
    const { count } = await store.read(1 + ((i * 7919) % SERIES), startMs, endMs);
    times[i] = performance.now() - beganMs;
    if (count !== points) throw new Error(`${store.name} has ${count} of ${points} points`);
  }
  return quantile(times.sort(), 0.5);
}
