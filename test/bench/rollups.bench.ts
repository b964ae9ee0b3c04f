// A 30-day graph at steps of an hour, from points and from a tier, in the same storage and the same
// run; what the tier takes; and whether the answers are the same, or it ends with an error.

import { rmSync } from 'node:fs';
import { createQueryEngine, type QueryEngine } from '../../query/engine.ts';
import { createQueryThreads, DEFAULT_LIMITS } from '../../query/index.ts';
import { createNodeEnv, openStorage, type Storage } from '../../storage/index.ts';
import { METRIC_KINDS, metricValues } from '../support/metric-mix.ts';
import { labels } from '../support/storage.ts';
import { tempDir } from '../support/temp-dir.ts';
import { endAfter } from './support/bounded.ts';
import { figure } from './support/figure.ts';
import { numberOption } from './support/options.ts';
import { writeReport } from './support/report.ts';

const DAYS = numberOption('days', 30);
const SERIES = 200;
const STEP_MS = 10_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const END_MS = START_MS + DAYS * 24 * HOUR_MS;
/** Rounds of all series that one append takes. */
const ROUNDS_AT_ONCE = 360;
const TIERS = [300_000, HOUR_MS];
/** Rounds of each query, after one that fills the caches; the median counts. */
const ROUNDS_OF_POINTS = 3;
const ROUNDS_OF_TIER = 15;
/** Relative, of what is added up in another order; everything else is the same to the bit. */
const ROUNDING = 1e-12;
const QUERIES = [
  { text: 'metric', isExact: true },
  { text: 'max_over_time(metric[1h])', isExact: true },
  { text: 'count_over_time(metric[1h])', isExact: true },
  { text: 'sum_over_time(metric[1h])', isExact: false },
  { text: 'avg_over_time(metric[1h])', isExact: false },
  { text: 'rate(metric[1h])', isExact: false },
  { text: 'increase(metric[1h])', isExact: false },
  { text: 'sum(increase(metric[1h]))', isExact: false },
];

endAfter(480);
const dir = await tempDir();
const env = createNodeEnv(1);
const storage = await openStorage(dir, env, {
  wal: { sync: 'os' },
  compaction: { rate: 1e12 },
  policies: {
    policies: [
      {
        name: 'default',
        keepMs: Infinity,
        windowMs: 2 * HOUR_MS,
        rollups: TIERS.map((everyMs) => ({ everyMs, keepMs: Infinity })),
      },
    ],
    policyOf: () => 0,
  },
});
const threads = createQueryThreads(2);
await fill();
await storage.flush();
await storage.compact();
const beganMs = performance.now();
const rolled = await storage.rollUp({ all: true });
const rolledMs = performance.now() - beganMs;
await storage.compact();

const limits = { ...DEFAULT_LIMITS, samplesMax: 1e9, bytesMax: 2 ** 34, timeoutMs: 300_000 };
const fromTiers = createQueryEngine(storage, limits, { threads });
const fromPoints = createQueryEngine(withoutTiers(storage), limits, { threads });
const outcomes: Outcome[] = [];
for (const query of QUERIES) outcomes.push(await compare(query));
const bytesOf = (rollupMs: number | undefined) =>
  storage
    .windows()
    .filter((window) => window.rollupMs === rollupMs)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
const rawBytes = bytesOf(undefined);
const points = (SERIES * (END_MS - START_MS)) / STEP_MS;
const slowest = Math.min(...outcomes.map(({ raw, tier }) => raw / tier));

writeReport({
  name: 'rollups',
  title: 'A graph of 30 days, from points and from a tier',
  headline: `A tier of 1 h answers at least ${figure(slowest)} times as fast as the points.`,
  about: [
    `${SERIES} series of the mix with a point every 10 s for ${DAYS} days (${figure(points)}`,
    'points) in one storage, merged, with tiers of 5 min and 1 h. Each query is a range over all',
    'of it at steps of an hour, on two threads, with warm caches: the median of',
    `${ROUNDS_OF_POINTS} from points and of ${ROUNDS_OF_TIER} from the tier. Times are those of`,
    'the engine, without JSON.',
  ].join(' '),
  columns: ['query', 'from points, ms', 'from the tier, ms', 'times as fast', 'difference'],
  rows: outcomes.map(({ text, raw, tier, difference }) => [
    `\`${text}\``,
    raw,
    tier,
    raw / tier,
    difference === 0 ? 'none' : difference.toExponential(1),
  ]),
  plot: {
    kind: 'bars',
    title: 'How many times as fast as points a tier of 1 h answers',
    unit: 'times',
    bars: outcomes.map(({ text, raw, tier }) => ({ label: text, value: raw / tier })),
  },
  notes: [
    `Points take ${figure(rawBytes)} B, ${figure(rawBytes / points)} a point; ` +
      TIERS.map((everyMs) => {
        const bytes = bytesOf(everyMs);
        const steps = (SERIES * (END_MS - START_MS)) / everyMs;
        const share = ((100 * bytes) / rawBytes).toPrecision(2);
        const each = `${figure(bytes / steps)} a step (${share}%)`;
        return `the tier of ${everyMs / 60_000} min ${figure(bytes)} B, ${each}`;
      }).join('; ') +
      '.',
    `Both tiers were made in ${figure(rolledMs / 1000)} s, ${figure(rolled.steps)} steps.`,
    'Differences are the largest, relative to the value; they come from the order of additions.',
  ],
});
await threads.close();
await storage.close();
await env.compute.close();
rmSync(dir, { recursive: true, force: true });

async function fill(): Promise<void> {
  const rounds = (END_MS - START_MS) / STEP_MS;
  const sets = Array.from({ length: SERIES }, (_, k) => labels('metric', `${k}`));
  const ids = await storage.resolve(sets);
  const columns = sets.map((_, k) =>
    metricValues(METRIC_KINDS[k % METRIC_KINDS.length]!, rounds, k),
  );
  for (let round = 0; round < rounds; round += ROUNDS_AT_ONCE) {
    const count = Math.min(ROUNDS_AT_ONCE, rounds - round) * SERIES;
    const batch = {
      ids: new Uint32Array(count),
      timestampsMs: new Float64Array(count),
      values: new Float64Array(count),
    };
    for (let i = 0; i < count; i++) {
      const at = round + Math.floor(i / SERIES);
      batch.ids[i] = ids[i % SERIES]!;
      batch.timestampsMs[i] = START_MS + at * STEP_MS;
      batch.values[i] = columns[i % SERIES]![at]!;
    }
    await storage.append(batch);
  }
}

interface Outcome {
  readonly text: string;
  /** ms */
  readonly raw: number;
  readonly tier: number;
  /** The largest of all cells, relative. */
  readonly difference: number;
}

async function compare({ text, isExact }: (typeof QUERIES)[number]): Promise<Outcome> {
  const raw = await medianOf(fromPoints, text, ROUNDS_OF_POINTS);
  const tier = await medianOf(fromTiers, text, ROUNDS_OF_TIER);
  if (tier.cells.length !== raw.cells.length) throw new Error(`${text}: other series`);
  if (tier.points * 20 > raw.points) throw new Error(`${text} does not read the tier`);
  let difference = 0;
  for (const [i, expected] of raw.cells.entries()) {
    if (Object.is(tier.cells[i], expected)) continue;
    const error = Math.abs(tier.cells[i]! - expected) / Math.max(1e-300, Math.abs(expected));
    difference = Math.max(difference, error);
  }
  if (!(difference <= (isExact ? 0 : ROUNDING))) throw new Error(`${text}: off by ${difference}`);
  return { text, raw: raw.ms, tier: tier.ms, difference };
}

async function medianOf(engine: QueryEngine, text: string, times: number) {
  const range = { startMs: START_MS + 24 * HOUR_MS, endMs: END_MS, stepMs: HOUR_MS };
  const durations: number[] = [];
  let cells: number[] = [];
  let points = 0;
  // The first one fills the caches.
  for (let i = 0; i <= times; i++) {
    const startMs = performance.now();
    const result = await engine.range(text, range);
    if (i > 0) durations.push(performance.now() - startMs);
    const { value } = result;
    if (value.kind !== 'vector') throw new Error('expected a vector');
    cells = value.series.flatMap(({ values, present }) =>
      Array.from(values, (cell, step) => (present[step] === 1 ? cell : Number.NaN)),
    );
    points = result.points;
  }
  return { ms: durations.sort((a, b) => a - b)[times >> 1]!, cells, points };
}

/** The same storage as if it had no tiers. */
function withoutTiers(whole: Storage): Storage {
  return new Proxy(whole, {
    get(target, key) {
      if (key === 'scanSlices') {
        const scanSlices: Storage['scanSlices'] = ({ rollups: _, ...request }) =>
          target.scanSlices(request);
        return scanSlices;
      }
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
