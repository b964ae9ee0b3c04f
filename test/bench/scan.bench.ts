// How fast points are read from blocks that are in memory: on one thread, from the block cache to
// columns of timestamps and values, by kind of metric.

import { rmSync } from 'node:fs';
import { createNodeEnv, openStorage, type Storage } from '../../storage/index.ts';
import { METRIC_KINDS, type MetricKind, metricTimes, metricValues } from '../support/metric-mix.ts';
import { tempDir } from '../support/temp-dir.ts';
import { toLabels } from '../support/write-requests.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { writeReport } from './support/report.ts';

const START_MS = Date.UTC(2026, 0, 1);
const WINDOW_MS = 7_200_000;
/** Enough for the compiler, which is at it for the first dozen. */
const ROUNDS = 40;
const ALL = [[{ type: '=~', name: '__name__', value: '.+' }]] as const;

interface Outcome {
  readonly name: string;
  /** Points a second: decoded into memory that is used again, and into arrays of their own. */
  readonly slices: number;
  readonly scan: number;
}

interface Fleet {
  readonly name: string;
  readonly kinds: readonly MetricKind[];
  readonly series: number;
  readonly stepMs: number;
  readonly jitterMs: number;
}

const FLEETS: readonly Fleet[] = [
  { name: 'the mix, 10 s', kinds: METRIC_KINDS, series: 4000, stepMs: 10_000, jitterMs: 0 },
  ...[...new Set(METRIC_KINDS)].map((kind) => ({
    name: `${kind}, 10 s`,
    kinds: [kind],
    series: 1000,
    stepMs: 10_000,
    jitterMs: 0,
  })),
  {
    name: 'devices, 1 min, jitter 1 s',
    kinds: ['temperature', 'battery'],
    series: 10_000,
    stepMs: 60_000,
    jitterMs: 1000,
  },
];

endAfter(300);
const outcomes: Outcome[] = [];
for (const fleet of FLEETS) outcomes.push(await measure(fleet));
const [mix] = outcomes;

writeReport({
  name: 'scan',
  title: 'Points out of blocks in memory',
  headline: [
    `A thread reads ${figure(mix!.slices / 1e6)}`,
    'million points/s of the mix from blocks in memory.',
  ].join(' '),
  about: [
    'A window of 2 h, merged into one table, whose blocks are',
    'all in the block cache: decompressed,',
    'not decoded. *Slices* is what PromQL reads: the columns of',
    'one series after another, in memory',
    'that the next one uses again. *Scan* gives every series arrays of its own. Both through',
    `\`openStorage\`, all series in the order of their ids, on one thread;`,
    `the best of ${ROUNDS} runs.`,
    'Series of the mix share their timestamps, a device has its own.',
  ].join(' '),
  columns: ['data', 'slices, million points/s', 'scan, million points/s', 'ns a point, slices'],
  rows: outcomes.map(({ name, slices, scan }) => [name, slices / 1e6, scan / 1e6, 1e9 / slices]),
});

async function measure(fleet: Fleet): Promise<Outcome> {
  const dir = await tempDir();
  const env = createNodeEnv(1);
  const storage = await openStorage(dir, env, { wal: { sync: 'os' }, compaction: { rate: 1e12 } });
  try {
    const points = await fill(storage, fleet);
    await storage.flush();
    await storage.compact();
    const slices = await perSecond(() => readSlices(storage), points);
    const misses = storage.stats().blockCache.misses;
    const scan = await perSecond(() => readSeries(storage), points);
    if (storage.stats().blockCache.misses > misses)
      throw new Error('not all blocks were in memory');
    return { name: fleet.name, slices, scan };
  } finally {
    await storage.close();
    await env.compute.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fill(storage: Storage, fleet: Fleet): Promise<number> {
  const { kinds, series, stepMs, jitterMs } = fleet;
  const width = WINDOW_MS / stepMs;
  const labelSets = Array.from({ length: series }, (_, k) =>
    toLabels({ __name__: `metric_${k % kinds.length}`, host: `${Math.floor(k / kinds.length)}` }),
  );
  const ids = await storage.resolve(labelSets);
  for (let k = 0; k < series; k++) {
    await storage.append({
      ids: new Uint32Array(width).fill(ids[k]!),
      timestampsMs: metricTimes(START_MS, stepMs, jitterMs, width, Math.floor(k / kinds.length)),
      values: metricValues(kinds[k % kinds.length]!, width, k),
    });
  }
  return series * width;
}

/** Of the fastest of ROUNDS runs, which have to find all `points`. */
async function perSecond(run: () => Promise<number>, points: number): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    const found = await run();
    shortestMs = Math.min(shortestMs, performance.now() - startMs);
    if (found !== points) throw new Error(`${found} of ${points} points were read`);
  }
  return (points * 1000) / shortestMs;
}

async function readSlices(storage: Storage): Promise<number> {
  let points = 0;
  const range = { startMs: START_MS, endMs: START_MS + WINDOW_MS };
  for await (const slice of storage.scanSlices({ selectors: ALL, ...range })) {
    const reader = slice.open();
    for (let k = 0; k < slice.labels.length; k++) points += reader.read(k).values.length;
  }
  return points;
}

async function readSeries(storage: Storage): Promise<number> {
  let points = 0;
  const range = { startMs: START_MS, endMs: START_MS + WINDOW_MS };
  for await (const batch of storage.scan({ selectors: ALL, ...range })) {
    for (const { values } of batch) points += values.length;
  }
  return points;
}
