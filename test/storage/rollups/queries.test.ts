// Queries over tiers against the same queries over points: random series with gaps, resets, stale
// markers, late points and deletes, summarised here and there, merged, and read again from disk.

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueryEngine } from '../../../query/engine.ts';
import { DEFAULT_LIMITS } from '../../../query/index.ts';
import { openStorage, type PolicySet, type Rollup, type Storage } from '../../../storage/index.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { property } from '../../support/seed.ts';
import { appendPoints, labels, type TestPoint } from '../../support/storage.ts';

const queries = suite('storage/rollups/queries');

const MINUTE_MS = 60_000;
const WINDOW_MS = 30 * MINUTE_MS;
const SPAN_MS = 5 * WINDOW_MS;
const ROLLUPS = [
  { everyMs: 5 * MINUTE_MS, keepMs: Infinity },
  { everyMs: 15 * MINUTE_MS, keepMs: Infinity },
];
const STALE = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;

function policySet(rollups: readonly Rollup[]): PolicySet {
  const policy = { name: 'default', keepMs: Infinity, windowMs: WINDOW_MS, rollups };
  return { policies: [policy], policyOf: () => 0 };
}

const EXACT = ['count', 'sum', 'min', 'max', 'avg', 'first', 'last', 'present'].flatMap((name) =>
  ['5m', '30m', '1h15m'].map((range) => `${name}_over_time(m[${range}])`),
);
const ROUNDED = ['rate', 'increase', 'delta'].flatMap((name) =>
  ['5m', '30m', '1h15m'].map((range) => `${name}(m[${range}])`),
);
const PLAIN = ['m', 'timestamp(m)', 'm offset 10m', 'stddev_over_time(m[15m])', 'changes(m[20m])'];

/** Results of `text` at times that suit steps, and at times that do not. */
async function answers(storage: Storage, text: string, lookbackMs: number): Promise<string[]> {
  const engine = createQueryEngine(storage, { ...DEFAULT_LIMITS, lookbackMs });
  const found: string[] = [];
  for (const [startMs, stepMs] of [
    [0, 5 * MINUTE_MS],
    [0, 15 * MINUTE_MS],
    [17_000, 7 * MINUTE_MS],
  ] as const) {
    const { value } = await engine.range(text, { startMs, endMs: SPAN_MS + WINDOW_MS, stepMs });
    assert.is(value.kind, 'vector');
    for (const series of value.kind === 'vector' ? value.series : []) {
      const cells = Array.from(series.values, (v, i) =>
        series.present[i] === 1 ? String(Number(v.toPrecision(13))) : '-',
      );
      found.push(`${startMs}+${stepMs} ${JSON.stringify(series.labels)} ${cells.join(' ')}`);
    }
  }
  return found;
}

type Operation =
  | { readonly kind: 'points'; readonly points: readonly TestPoint[] }
  | { readonly kind: 'delete'; readonly series: string; readonly range: readonly [number, number] }
  | { readonly kind: 'flush' | 'roll-up' | 'compact' | 'clean' | 'restart' };

/** Mostly whole steps and their borders: that is where things go wrong. */
const time = fc.oneof(
  fc.integer({ min: 0, max: SPAN_MS / MINUTE_MS }).map((minute) => minute * MINUTE_MS),
  fc.integer({ min: 0, max: SPAN_MS }),
);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -50, max: 1000 }) },
  { weight: 1, arbitrary: fc.constant(STALE) },
);
const series = fc.constantFrom('a', 'b', 'c');
const point = fc
  .tuple(series, time, value)
  .map(
    ([name, timestampMs, v]): TestPoint => ({ labels: labels('m', name), timestampMs, value: v }),
  );

/** A counter that was sampled every 30 s over a part of the time. */
const run = fc
  .tuple(series, time, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 20, maxLength: 120 }))
  .map(([name, fromMs, steps]) => {
    let total = 0;
    return steps.map((step, i): TestPoint => {
      total = step === 0 ? 0 : total + step;
      return { labels: labels('m', name), timestampMs: fromMs + i * 30_000, value: total };
    });
  });

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: run.map((points) => ({ kind: 'points' as const, points })) },
  {
    weight: 3,
    arbitrary: fc
      .array(point, { minLength: 1, maxLength: 30 })
      .map((points) => ({ kind: 'points' as const, points })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(series, time, time).map(([name, a, b]) => ({
      kind: 'delete' as const,
      series: name,
      range: [Math.min(a, b), Math.max(a, b)] as const,
    })),
  },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom('flush', 'roll-up', 'roll-up', 'compact', 'clean', 'restart')
      .map((kind) => ({ kind }) as Operation),
  },
);

async function carryOut(storage: Storage, step: Operation): Promise<void> {
  switch (step.kind) {
    case 'points':
      return appendPoints(storage, step.points);
    case 'delete': {
      const [startMs, endMs] = step.range;
      const matcher = { name: 'series', type: '=', value: step.series } as const;
      return storage.deletePoints([[matcher]], { startMs, endMs });
    }
    case 'roll-up':
      await storage.flush();
      await storage.rollUp({ all: true });
      return;
    case 'flush':
      return storage.flush();
    case 'compact':
      return storage.compact();
    case 'clean':
      return storage.cleanTombstones();
    case 'restart':
  }
}

async function open(env: ReturnType<typeof createSimEnv>, rollups: readonly Rollup[]) {
  return openStorage('data', env, { policies: policySet(rollups) });
}

queries(
  'steps answer as points do, whatever was written, deleted and summarised when',
  async () => {
    const scenario = fc.array(operation, { minLength: 3, maxLength: 12 });
    let fromSteps = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (operations) => {
        const envs = [createSimEnv(), createSimEnv()];
        let [plain, tiered] = [await open(envs[0]!, []), await open(envs[1]!, ROLLUPS)];
        for (const step of operations) {
          await carryOut(plain, step);
          await carryOut(tiered, step);
          if (step.kind !== 'restart') continue;
          await plain.close();
          await tiered.close();
          [plain, tiered] = [await open(envs[0]!, []), await open(envs[1]!, ROLLUPS)];
        }
        for (const text of [...EXACT, ...ROUNDED, ...PLAIN]) {
          for (const lookbackMs of [5 * MINUTE_MS, 12 * MINUTE_MS]) {
            const expected = await answers(plain, text, lookbackMs);
            assert.equal(await answers(tiered, text, lookbackMs), expected, text);
          }
        }
        if (tiered.windows().some(({ rollupMs }) => rollupMs !== undefined)) fromSteps++;
        await plain.close();
        await tiered.close();
      }),
      property(6),
    );
    assert.ok(fromSteps > 1, 'there are tiers in some of the histories');
  },
);

queries.run();
