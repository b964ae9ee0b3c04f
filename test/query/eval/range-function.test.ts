import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createKahanMean,
  createKahanSum,
  kahanAdd,
  kahanTotal,
  meanAdd,
  meanTotal,
} from '../../../query/eval/kahan.ts';
import { OVER_TIME_FUNCTIONS } from '../../../query/eval/over-time-functions.ts';
import { rangeColumn } from '../../../query/eval/range-function.ts';
import type { Points } from '../../../query/eval/value.ts';

const rangeFunction = suite('query/eval/range-function');
const SEED = Number(process.env['SEED'] ?? 20_260_823);

const value = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 1e300, -1e300),
);
const points = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), value), { maxLength: 60 })
  .map((steps): Points => {
    let timestampMs = -100;
    const timestampsMs = Float64Array.from(steps, ([gap]) => (timestampMs += gap));
    const values = Float64Array.from(steps, ([, v]) => v);
    return { labels: [], timestampsMs, values, dropName: false };
  });
const plan = fc.record({
  startMs: fc.integer({ min: -200, max: 400 }),
  stepMs: fc.integer({ min: 1, max: 90 }),
  steps: fc.integer({ min: 1, max: 12 }),
  rangeMs: fc.integer({ min: 1, max: 300 }),
  offsetMs: fc.integer({ min: -50, max: 50 }),
});

const NO_BUDGET = { turn: () => undefined };

/** What each function makes of the values of one range, said as plainly as can be. */
const MODELS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  count_over_time: (values) => values.length,
  last_over_time: (values) => values.at(-1)!,
  first_over_time: (values) => values[0]!,
  max_over_time: (values) => values.reduce((a, b) => (b > a || Number.isNaN(a) ? b : a)),
  min_over_time: (values) => values.reduce((a, b) => (b < a || Number.isNaN(a) ? b : a)),
  sum_over_time: (values) => {
    const sum = createKahanSum();
    for (const one of values) kahanAdd(sum, one);
    return kahanTotal(sum);
  },
  avg_over_time: (values) => {
    const mean = createKahanMean();
    for (const one of values) meanAdd(mean, one);
    return meanTotal(mean);
  },
};

for (const [name, model] of Object.entries(MODELS)) {
  rangeFunction(`slides ${name} over ranges open on the left (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        points,
        plan,
        async (series, { startMs, stepMs, steps, rangeMs, offsetMs }) => {
          const grid = { startMs, stepMs, steps };
          const view = { grid, offsetMs, atMs: undefined };
          const compute = OVER_TIME_FUNCTIONS[name]!;
          const rangePlan = { view, rangeMs, parameters: [] };
          const column = await rangeColumn(compute, series, rangePlan, true, NO_BUDGET);
          for (let step = 0; step < steps; step++) {
            const endMs = startMs + step * stepMs - offsetMs;
            const inRange = [...series.values].filter((_, i) => {
              const t = series.timestampsMs[i]!;
              return t > endMs - rangeMs && t <= endMs;
            });
            assert.is(column?.present[step] ?? 0, inRange.length > 0 ? 1 : 0);
            if (inRange.length === 0) continue;
            assert.ok(Object.is(column!.values[step], model(inRange)), `at step ${step}`);
          }
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });
}

rangeFunction('computes a range at a fixed time once', async () => {
  let calls = 0;
  const column = await rangeColumn(
    () => ++calls,
    { labels: [], timestampsMs: Float64Array.of(5), values: Float64Array.of(1), dropName: false },
    {
      view: { grid: { startMs: 0, stepMs: 10, steps: 3 }, offsetMs: 0, atMs: 7 },
      rangeMs: 5,
      parameters: [],
    },
    true,
    NO_BUDGET,
  );
  assert.equal([...column!.values], [1, 1, 1]);
  assert.is(calls, 1);
});

rangeFunction('gives way within one series whose ranges span a lot', async () => {
  const [points, steps] = [10_000, 200];
  const timestampsMs = Float64Array.from({ length: points }, (_, i) => i);
  let turns = 0;
  const column = await rangeColumn(
    () => 1,
    { labels: [], timestampsMs, values: new Float64Array(points), dropName: false },
    {
      view: { grid: { startMs: points, stepMs: 0, steps }, offsetMs: 0, atMs: undefined },
      rangeMs: 2 * points,
      parameters: [],
    },
    true,
    { turn: () => void turns++ },
  );
  assert.is(column!.values.length, steps);
  assert.ok(turns >= 5);
});

rangeFunction.run();
