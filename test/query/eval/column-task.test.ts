import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Columns,
  type ColumnTask,
  NO_GROUP,
  startColumns,
  startFolds,
} from '../../../query/eval/column-task.ts';
import {
  createKahanMean,
  createKahanSum,
  kahanAdd,
  kahanTotal,
  meanAdd,
  meanTotal,
} from '../../../query/eval/kahan.ts';
import { sliceOfColumns } from '../../../storage/index.ts';

const columnTask = suite('query/eval/column-task');
const SEED = Number(process.env['SEED'] ?? 20_260_823);

const value = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 1e300, -1e300),
);
const points = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), value), { maxLength: 60 })
  .map((steps) => {
    let timestampMs = -100;
    const timestampsMs = Float64Array.from(steps, ([gap]) => (timestampMs += gap));
    const values = Float64Array.from(steps, ([, v]) => v);
    return { labels: [], timestampsMs, values };
  });
const plan = fc.record({
  startMs: fc.integer({ min: -200, max: 400 }),
  stepMs: fc.integer({ min: 1, max: 90 }),
  steps: fc.integer({ min: 1, max: 12 }),
  rangeMs: fc.integer({ min: 1, max: 300 }),
  offsetMs: fc.integer({ min: -50, max: 50 }),
});

/** The columns of a task, and how often it gave way. */
function compute(series: Parameters<typeof sliceOfColumns>[0], task: ColumnTask) {
  const work = startColumns(sliceOfColumns(series).open(), series.length, task);
  for (let turns = 0; ; turns++) {
    const columns = work.advance();
    if (columns !== undefined) return { columns, turns };
  }
}

function resultAt(columns: Columns, steps: number, series: number, step: number) {
  const at = columns.positions.indexOf(series) * steps + step;
  return at < 0 || columns.present[at] === 0 ? undefined : columns.values[at];
}

/**
 * The same but for rounding, where values are added in another order than the plain one: beside
 * what the largest of them lacks in precision that does not show.
 */
function assertClose(found: number | undefined, wanted: number, values: readonly number[]) {
  const sizes = values.filter(Number.isFinite).map(Math.abs);
  const isClose = Math.abs(found! - wanted) <= 1e-14 * Math.max(...sizes);
  assert.ok(Object.is(found, wanted) || isClose, `${found} instead of ${wanted}`);
}

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
  columnTask(`slides ${name} over ranges open on the left (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.array(points, { maxLength: 3 }), plan, (series, ranges) => {
        const { startMs, stepMs, steps, rangeMs, offsetMs } = ranges;
        const view = { grid: { startMs, stepMs, steps }, offsetMs, atMs: undefined };
        const what = { kind: 'call', name } as const;
        const { columns } = compute(series, { view, rangeMs, parameters: [], what });
        for (const [at, { timestampsMs, values }] of series.entries()) {
          for (let step = 0; step < steps; step++) {
            const endMs = startMs + step * stepMs - offsetMs;
            const inRange = [...values].filter((_, i) => {
              return timestampsMs[i]! > endMs - rangeMs && timestampsMs[i]! <= endMs;
            });
            const result = resultAt(columns, steps, at, step);
            if (inRange.length === 0) assert.is(result, undefined);
            else assertClose(result, model(inRange), inRange);
          }
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
}

const RATE: ColumnTask = {
  view: { grid: { startMs: 30_000, stepMs: 10_000, steps: 3 }, offsetMs: 0, atMs: undefined },
  rangeMs: 30_000,
  parameters: [],
  what: { kind: 'call', name: 'rate' },
};

columnTask('keeps series that share their timestamps apart', () => {
  const timestampsMs = Float64Array.from({ length: 6 }, (_, i) => i * 10_000);
  const rising = [1, 2, 3].map((slope) => ({
    labels: [],
    timestampsMs,
    values: timestampsMs.map((t) => 1e6 + (slope * t) / 1000),
  }));
  // The third is reset between its third and fourth point, and is not extended below zero.
  for (let i = 3; i < 6; i++) rising[2]!.values[i] = (i - 3) * 30;
  const { columns } = compute(rising, RATE);
  assert.equal([...columns.positions], [0, 1, 2]);
  assert.equal([...columns.values], [1, 1, 1, 2, 2, 2, 1.5, 1.5, 2]);
  assert.is(columns.points, 18);
});

/** The change of a counter over one range, said as plainly as can be. */
function plainIncrease(
  timestampsMs: readonly number[],
  values: readonly number[],
  startMs: number,
  endMs: number,
): number {
  const last = values.length - 1;
  let change = values[last]! - values[0]!;
  for (let i = 1; i <= last; i++) if (values[i]! < values[i - 1]!) change += values[i - 1]!;
  const sampled = (timestampsMs[last]! - timestampsMs[0]!) / 1000;
  const average = sampled / last;
  let toStart = (timestampsMs[0]! - startMs) / 1000;
  let toEnd = (endMs - timestampsMs[last]!) / 1000;
  if (toStart >= average * 1.1) toStart = average / 2;
  if (toEnd >= average * 1.1) toEnd = average / 2;
  const toZero = sampled * (values[0]! / change);
  if (change > 0 && values[0]! >= 0 && toZero < toStart) toStart = toZero;
  return change * ((sampled + toStart + toEnd) / sampled);
}

columnTask(`finds resets wherever ranges begin and end (seed ${SEED})`, () => {
  const counter = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ max: 9, min: 0 })),
    {
      minLength: 2,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(counter, plan, (points, { startMs, stepMs, steps, rangeMs }) => {
      let timestampMs = -100;
      const times = points.map(([gap]) => (timestampMs += gap));
      const values = points.map(([, value]) => value);
      const view = { grid: { startMs, stepMs, steps }, offsetMs: 0, atMs: undefined };
      const series = {
        labels: [],
        timestampsMs: Float64Array.from(times),
        values: Float64Array.from(values),
      };
      const what = { kind: 'call', name: 'increase' } as const;
      const { columns } = compute([series], { view, rangeMs, parameters: [], what });
      for (let step = 0; step < steps; step++) {
        const endMs = startMs + step * stepMs;
        const seen = [...times.keys()].filter(
          (i) => times[i]! > endMs - rangeMs && times[i]! <= endMs,
        );
        const [ofTimes, ofValues] = [seen.map((i) => times[i]!), seen.map((i) => values[i]!)];
        const result = resultAt(columns, steps, 0, step);
        if (seen.length < 2) assert.is(result, undefined);
        else
          assertClose(result, plainIncrease(ofTimes, ofValues, endMs - rangeMs, endMs), ofValues);
      }
    }),
    { seed: SEED, numRuns: 500 },
  );
});

columnTask(`finds the many resets of gauges, whatever their values (seed ${SEED})`, () => {
  const odd = fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e300, -1e300, 1e-300);
  const gauge = fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), odd), {
    minLength: 100,
    maxLength: 200,
  });
  const what = { kind: 'call', name: 'increase' } as const;
  fc.assert(
    fc.property(gauge, fc.integer({ min: 20, max: 900 }), (points, rangeMs) => {
      const times = points.map((_, i) => 10 * i);
      const view = { grid: { startMs: 3, stepMs: 70, steps: 30 }, offsetMs: 0, atMs: undefined };
      const series = {
        labels: [],
        timestampsMs: Float64Array.from(times),
        values: Float64Array.from(points),
      };
      const { columns } = compute([series], { view, rangeMs, parameters: [], what });
      for (let step = 0; step < 30; step++) {
        const endMs = 3 + step * 70;
        const seen = [...times.keys()].filter(
          (i) => times[i]! > endMs - rangeMs && times[i]! <= endMs,
        );
        const [ofTimes, ofValues] = [seen.map((i) => times[i]!), seen.map((i) => points[i]!)];
        const result = resultAt(columns, 30, 0, step);
        if (seen.length < 2) assert.is(result, undefined);
        else
          assertClose(result, plainIncrease(ofTimes, ofValues, endMs - rangeMs, endMs), ofValues);
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});

columnTask('adds columns up by group, and leaves out what has none', () => {
  const timestampsMs = Float64Array.from({ length: 6 }, (_, i) => i * 10_000);
  const rising = [1, 2, 3, 4].map((slope) => ({
    labels: [],
    timestampsMs,
    values: timestampsMs.map((t) => 1e6 + (slope * t) / 1000),
  }));
  const empty = { labels: [], timestampsMs: new Float64Array(0), values: new Float64Array(0) };
  const series = [empty, ...rising];
  const groups = Uint32Array.of(5, 7, NO_GROUP, 5, 7);
  const reader = sliceOfColumns(series).open();
  const work = startFolds(reader, series.length, RATE, { kind: 'sum', groups });
  let folds = work.advance();
  while (folds === undefined) folds = work.advance();
  assert.equal([...folds.positions], [1, 3, 4]);
  const sums = folds.groups.map(({ group, state }) => [group, ...state.columns[0]!]);
  assert.equal(sums, [
    [7, 5, 5, 5],
    [5, 3, 3, 3],
  ]);
});

columnTask('leaves series out that have no result', () => {
  const timestampsMs = Float64Array.of(15_000, 25_000);
  const [one, two] = [timestampsMs.subarray(0, 1), timestampsMs].map((times) => {
    return { labels: [], timestampsMs: times, values: new Float64Array(times.length) };
  });
  const { columns } = compute([one!, two!, one!], RATE);
  assert.equal([...columns.positions], [1]);
  assert.equal([...columns.present], [1, 1, 0]);
});

columnTask('computes a range at a fixed time once', () => {
  const view = { grid: { startMs: 0, stepMs: 10, steps: 3 }, offsetMs: 0, atMs: 7 };
  const series = [{ labels: [], timestampsMs: Float64Array.of(5), values: Float64Array.of(4) }];
  const what = { kind: 'call', name: 'sum_over_time' } as const;
  const { columns } = compute(series, { view, rangeMs: 5, parameters: [], what });
  assert.equal([...columns.values], [4, 4, 4]);
});

columnTask('gives way within one series whose ranges span a lot', () => {
  const [count, steps] = [10_000, 200];
  const timestampsMs = Float64Array.from({ length: count }, (_, i) => i);
  const view = { grid: { startMs: count, stepMs: 0, steps }, offsetMs: 0, atMs: undefined };
  const what = { kind: 'call', name: 'sum_over_time' } as const;
  const series = [{ labels: [], timestampsMs, values: new Float64Array(count) }];
  const { columns, turns } = compute(series, { view, rangeMs: 2 * count, parameters: [], what });
  assert.is(columns.values.length, steps);
  assert.ok(turns >= 5);
});

columnTask.run();
