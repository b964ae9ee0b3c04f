// Bytes a point of a window takes before and after its tables are merged into one, and how fast
// that goes.

import { rmSync } from 'node:fs';
import { createNodeEnv, openStorage, type Storage } from '../../storage/index.ts';
import { METRIC_KINDS, metricValues } from '../support/metric-mix.ts';
import { tempDir } from '../support/temp-dir.ts';
import { labelsOf } from './load/batches.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { writeReport } from './support/report.ts';

const SERIES = 4000;
const STEP_MS = 10_000;
const WINDOW_MS = 7_200_000;
const START_MS = Date.UTC(2026, 0, 1);
const FLUSHES = [4, 16];

interface Outcome {
  readonly flushes: number;
  readonly points: number;
  readonly before: number;
  readonly after: number;
  readonly mergeMs: number;
}

endAfter(300);
const outcomes: Outcome[] = [];
for (const flushes of FLUSHES) outcomes.push(await measure(flushes));
const last = outcomes.at(-1)!;

writeReport({
  name: 'windows',
  title: 'Windows before and after merging',
  headline: [
    `${last.flushes} tables of a window take ${figure(last.before / last.points)} bytes a point,`,
    `merged into one ${figure(last.after / last.points)}.`,
  ].join(' '),
  about: [
    `A window of 2 h of the mix, ${figure(SERIES)} series with a point every 10 s, written through`,
    '`openStorage` in the order of time and flushed a number of times; then `compact()`, with no',
    'limit to its rate. One worker thread merges.',
  ].join(' '),
  columns: ['tables', 'points', 'B / point', 'merged B / point', 'points / s', 'written x'],
  rows: outcomes.map(({ flushes, points, before, after, mergeMs }) => [
    flushes,
    points,
    before / points,
    after / points,
    Math.round((points / mergeMs) * 1000),
    after / before,
  ]),
});

async function measure(flushes: number): Promise<Outcome> {
  const dir = await tempDir();
  const env = createNodeEnv(1);
  const storage = await openStorage(dir, env, {
    // Nothing is merged before it is asked for.
    compaction: { rate: 1e12, graceMs: 1e15, fanIn: 50, slowdownTables: 60, stopTables: 70 },
  });
  try {
    await fill(storage, flushes);
    const before = storage.stats().tableBytes;
    const beganMs = performance.now();
    await storage.compact();
    const mergeMs = performance.now() - beganMs;
    const { tableBytes, tablePoints, tables } = storage.stats();
    if (tables !== 1) throw new Error(`expected one table, found ${tables}`);
    return { flushes, points: tablePoints, before, after: tableBytes, mergeMs };
  } finally {
    await storage.close();
    await env.compute.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fill(storage: Storage, flushes: number): Promise<void> {
  const rounds = WINDOW_MS / STEP_MS;
  const series = { first: 0, count: SERIES, service: 'telemetry' };
  const labelSets = Array.from({ length: SERIES }, (_, k) => labelsOf(series, k));
  const ids = await storage.resolve(labelSets);
  const columns = Array.from({ length: SERIES }, (_, k) =>
    metricValues(METRIC_KINDS[k % METRIC_KINDS.length]!, rounds, k),
  );
  for (let round = 0; round < rounds; round++) {
    const timestampsMs = new Float64Array(SERIES).fill(START_MS + round * STEP_MS);
    await storage.append({
      ids,
      timestampsMs,
      values: Float64Array.from(columns, (c) => c[round]!),
    });
    if ((round + 1) % (rounds / flushes) === 0) await storage.flush();
  }
}
