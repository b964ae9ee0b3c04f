// Calls whose arguments are vectors, scalars and strings, all evaluated.

import { canonicalLabels, type Label } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import { type Call, type Expr, unwrap } from '../promql/ast.ts';
import { mapInTurns, mapValues } from './budget.ts';
import type { EvalContext } from './context.ts';
import { histogramFraction, histogramQuantile, histogramQuantiles } from './histogram-functions.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { DATE_FUNCTIONS, MATH_FUNCTIONS } from './math-functions.ts';
import { sortByLabels, sortByValue } from './sort-functions.ts';
import { type Grid, METRIC_NAME, type Series, stepTimeMs, type Value } from './value.ts';

/** One call under evaluation. */
interface Invocation {
  readonly context: EvalContext;
  readonly call: Call;
  readonly grid: Grid;
  readonly args: readonly Value[];
}

type InstantFunction = (invocation: Invocation) => Value | Promise<Value>;

export function evaluateInstantCall(
  context: EvalContext,
  call: Call,
  grid: Grid,
  args: readonly Value[],
): Value | Promise<Value> {
  const compute = FUNCTIONS[call.name];
  if (compute === undefined) {
    throw new QueryError('bad_data', `function ${call.name}() is not supported`);
  }
  return compute({ context, call, grid, args });
}

function vector(series: readonly Series[]): Value {
  return { kind: 'vector', series };
}

function scalar(grid: Grid, valueAt: (step: number) => number): Value {
  return {
    kind: 'scalar',
    values: Float64Array.from({ length: grid.steps }, (_, i) => valueAt(i)),
  };
}

// The type checker has seen to it that arguments are what these take them for.

function seriesOf({ args }: Pick<Invocation, 'args'>, index = 0): readonly Series[] {
  const value = args[index];
  return value?.kind === 'vector' ? value.series : [];
}

function scalarOf({ args }: Invocation, index: number): Float64Array {
  const value = args[index];
  return value?.kind === 'scalar' ? value.values : new Float64Array(0);
}

function stringOf({ args }: Invocation, index: number): string {
  const value = args[index];
  return value?.kind === 'string' ? value.value : '';
}

/** A function of each point and its step. */
async function mapped(
  { context }: Invocation,
  series: readonly Series[],
  compute: (value: number, step: number) => number,
): Promise<Value> {
  return vector(await mapValues(context.budget, series, compute));
}

function presentEverywhere(grid: Grid, labels: readonly Label[], values: Float64Array): Value {
  const present = new Uint8Array(grid.steps).fill(1);
  return vector([{ labels, values, present, dropName: false }]);
}

/** Without an argument, a date function tells of the time evaluated at. */
function dateFunction(compute: (value: number) => number): InstantFunction {
  return (invocation) => {
    const { grid, call } = invocation;
    if (call.args.length > 0) return mapped(invocation, seriesOf(invocation), compute);
    const values = new Float64Array(grid.steps);
    for (let i = 0; i < grid.steps; i++) values[i] = compute(stepTimeMs(grid, i) / 1000);
    return presentEverywhere(grid, [], values);
  };
}

function sorting(sort: (invocation: Invocation) => readonly Series[]): InstantFunction {
  return (invocation) => {
    if (invocation.grid.steps === 1) return vector(sort(invocation));
    invocation.context.annotations.warn(
      'sort is ineffective for range queries since results are always ordered by labels',
      invocation.call.span,
    );
    return vector(seriesOf(invocation));
  };
}

function round(invocation: Invocation): Promise<Value> {
  const nearest = invocation.args.length > 1 ? scalarOf(invocation, 1) : undefined;
  return mapped(invocation, seriesOf(invocation), (value, step) => {
    // Multiplying by the inverse is off less often than dividing: 0.1 has no exact double.
    const inverse = 1 / (nearest?.[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}

async function clamp(invocation: Invocation): Promise<Value> {
  const [least, most] = [scalarOf(invocation, 1), scalarOf(invocation, 2)];
  const series = await mapInTurns(invocation.context.budget, seriesOf(invocation), (one) => ({
    ...one,
    present: one.present.map((there, step) => (most[step]! < least[step]! ? 0 : there)),
  }));
  return mapped(invocation, series, (value, step) =>
    Math.max(least[step]!, Math.min(most[step]!, value)),
  );
}

/** The value at each step that has exactly one series; NaN elsewhere. */
async function toScalar({ context, grid, ...invocation }: Invocation): Promise<Value> {
  const values = new Float64Array(grid.steps);
  const counts = new Uint32Array(grid.steps);
  await mapInTurns(context.budget, seriesOf(invocation), (one) => {
    for (let step = 0; step < grid.steps; step++) {
      if (one.present[step] === 0) continue;
      values[step] = one.values[step]!;
      counts[step]!++;
    }
  });
  return scalar(grid, (step) => (counts[step] === 1 ? values[step]! : NaN));
}

/** 1 at the steps without a point of `series`, under the labels that `expr` selects by. */
export function absent(expr: Expr, series: readonly Series[], grid: Grid): Value {
  const present = new Uint8Array(grid.steps).fill(1);
  for (const one of series) {
    for (let i = 0; i < grid.steps; i++) if (one.present[i] === 1) present[i] = 0;
  }
  if (!present.includes(1)) return vector([]);
  const values = new Float64Array(grid.steps).fill(1);
  return vector([{ labels: absentLabels(unwrap(expr)), values, present, dropName: false }]);
}

/** The labels that a missing series would certainly have had. */
function absentLabels(expr: Expr): readonly Label[] {
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'vector') return [];
  const labels = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, type, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else {
      labels.delete(name);
    }
  }
  return canonicalLabels([...labels].map(([name, value]) => ({ name, value })));
}

/** They read native histograms; of points that are floats nothing comes out. */
const nothing: InstantFunction = () => vector([]);

const FUNCTIONS: Readonly<Record<string, InstantFunction>> = {
  ...mapRecord(MATH_FUNCTIONS, (compute): InstantFunction => {
    return (invocation) => mapped(invocation, seriesOf(invocation), (value) => compute(value));
  }),
  ...mapRecord(DATE_FUNCTIONS, dateFunction),
  absent: (invocation) => absent(invocation.call.args[0]!, seriesOf(invocation), invocation.grid),
  clamp,
  clamp_max: (invocation) => {
    const most = scalarOf(invocation, 1);
    return mapped(invocation, seriesOf(invocation), (value, step) => Math.min(most[step]!, value));
  },
  clamp_min: (invocation) => {
    const least = scalarOf(invocation, 1);
    return mapped(invocation, seriesOf(invocation), (value, step) => Math.max(least[step]!, value));
  },
  end: ({ context, grid }) => scalar(grid, () => context.query.endMs / 1000),
  histogram_avg: nothing,
  histogram_count: nothing,
  histogram_fraction: async (invocation) => {
    const { context, call } = invocation;
    const [lower, upper] = [scalarOf(invocation, 0), scalarOf(invocation, 1)];
    const series = seriesOf(invocation, 2);
    const { span } = call.args[2]!;
    return vector(await histogramFraction(lower, upper, series, span, context));
  },
  histogram_quantile: async (invocation) => {
    const { context, call } = invocation;
    const quantile = { qs: scalarOf(invocation, 0), span: call.args[0]!.span };
    const { span } = call.args[1]!;
    return vector(await histogramQuantile(quantile, seriesOf(invocation, 1), span, context));
  },
  histogram_quantiles: async (invocation) => {
    const { context, call } = invocation;
    const quantiles = call.args.slice(2).map(({ span }, i) => {
      return { qs: scalarOf(invocation, i + 2), span };
    });
    const [name, series, { span }] = [stringOf(invocation, 1), seriesOf(invocation), call.args[0]!];
    return vector(await histogramQuantiles(quantiles, name, series, span, context));
  },
  histogram_stddev: nothing,
  histogram_stdvar: nothing,
  histogram_sum: nothing,
  label_join: async (invocation) => {
    const { budget } = invocation.context;
    const sources = invocation.args.slice(3).map((_, i) => stringOf(invocation, i + 3));
    const [target, separator] = [stringOf(invocation, 1), stringOf(invocation, 2)];
    return vector(await labelJoin(seriesOf(invocation), target, separator, sources, budget));
  },
  label_replace: async (invocation) => {
    const { budget } = invocation.context;
    const [target, template] = [stringOf(invocation, 1), stringOf(invocation, 2)];
    const [source, pattern] = [stringOf(invocation, 3), stringOf(invocation, 4)];
    const rule = { target, template, source, pattern };
    return vector(await labelReplace(seriesOf(invocation), rule, budget));
  },
  max_of: (invocation) => {
    const [a, b] = [scalarOf(invocation, 0), scalarOf(invocation, 1)];
    return scalar(invocation.grid, (step) => Math.max(a[step]!, b[step]!));
  },
  min_of: (invocation) => {
    const [a, b] = [scalarOf(invocation, 0), scalarOf(invocation, 1)];
    return scalar(invocation.grid, (step) => Math.min(a[step]!, b[step]!));
  },
  pi: ({ grid }) => scalar(grid, () => Math.PI),
  range: ({ context, grid }) => {
    return scalar(grid, () => (context.query.endMs - context.query.startMs) / 1000);
  },
  round,
  scalar: toScalar,
  sort: sorting((invocation) => sortByValue(seriesOf(invocation), false)),
  sort_desc: sorting((invocation) => sortByValue(seriesOf(invocation), true)),
  sort_by_label: sorting((invocation) => byLabels(invocation, false)),
  sort_by_label_desc: sorting((invocation) => byLabels(invocation, true)),
  start: ({ context, grid }) => scalar(grid, () => context.query.startMs / 1000),
  step: ({ context, grid }) => scalar(grid, () => context.query.stepMs / 1000),
  time: ({ grid }) => scalar(grid, (step) => stepTimeMs(grid, step) / 1000),
  timestamp: (invocation) => {
    const { grid } = invocation;
    return mapped(
      invocation,
      seriesOf(invocation),
      (_value, step) => stepTimeMs(grid, step) / 1000,
    );
  },
  vector: (invocation) => presentEverywhere(invocation.grid, [], scalarOf(invocation, 0)),
};

function byLabels(invocation: Invocation, descending: boolean): readonly Series[] {
  const names = invocation.args.slice(1).map((_, i) => stringOf(invocation, i + 1));
  return sortByLabels(seriesOf(invocation), names, descending);
}

function mapRecord<In, Out>(
  record: Readonly<Record<string, In>>,
  map: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
