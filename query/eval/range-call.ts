// Calls with a range vector: their series come one batch at a time, from storage or a subquery.

import { type Labels, sliceOfColumns } from '../../storage/index.ts';
import { type Call, type MatrixSelector, type Subquery, unwrap } from '../promql/ast.ts';
import { quote } from '../promql/literals.ts';
import { warnAboutQuantiles } from './aggregate.ts';
import { mapInTurns } from './budget.ts';
import type { ColumnTask } from './column-task.ts';
import type { ColumnStream, SourceSlice } from './columns.ts';
import type { EvalContext } from './context.ts';
import { rangeMs } from './durations.ts';
import { checkExtension, type Margins, marginsOf } from './extended-functions.ts';
import { type Viewpoint, visibleRange } from './lookback.ts';
import { checkFactors } from './rate-functions.ts';
import { SLICE_POINTS, scanSlices, viewOf } from './selector.ts';
import { LAST_RESORT, rollupRequest, summaryCall } from './summary-calls.ts';
import {
  type Grid,
  labelValue,
  METRIC_NAME,
  type Points,
  type Series,
  stepTimeMs,
} from './value.ts';

/** They say what the series was, rather than something about it. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['first_over_time', 'last_over_time']);

/** Where points come from: all of them, and the range that each step sees. */
export interface RangeSource {
  readonly view: Viewpoint;
  /** Margins included. */
  readonly rangeMs: number;
  readonly slices: AsyncIterable<SourceSlice>;
  /** How much wider than the range of the expression that is. */
  readonly margins: Margins;
}

/** Of a call of `functionName`, summaries may take the place of points. */
export function rangeSource(
  context: EvalContext,
  expr: MatrixSelector | Subquery,
  grid: Grid,
  functionName?: string,
): RangeSource {
  const width = rangeMs(expr.range, context.query);
  const extension = expr.kind === 'matrix' ? expr.selector.extension : undefined;
  const margins = marginsOf(extension, context.lookbackMs);
  const total = margins.beforeMs + width + margins.afterMs;
  if (expr.kind === 'subquery') {
    const view = viewOf(context, expr, grid);
    const slices = evaluateSubquery(context, expr, view, width);
    return { view, rangeMs: total, slices, margins };
  }
  const seen = viewOf(context, expr.selector, grid);
  const view = { ...seen, offsetMs: seen.offsetMs - margins.afterMs };
  const call = extension === undefined ? summaryCall(functionName ?? '') : undefined;
  const rollups = call === undefined ? LAST_RESORT : rollupRequest(view, total, call.fields);
  const slices = scanSlices(context, expr.selector, view, total, rollups);
  return { view, rangeMs: total, slices, margins };
}

/** The step of a subquery that does not say: Prometheus's default evaluation interval. */
const DEFAULT_SUBQUERY_STEP_MS = 60_000;

async function* evaluateSubquery(
  context: EvalContext,
  expr: Subquery,
  view: Viewpoint,
  spanMs: number,
): AsyncGenerator<SourceSlice> {
  const { budget, query } = context;
  if (view.grid.steps === 0) return;
  const stepMs = expr.step === undefined ? DEFAULT_SUBQUERY_STEP_MS : rangeMs(expr.step, query);
  const { startMs, endMs } = visibleRange(view, spanMs);
  // Steps of subqueries are multiples of their width, so that they do not move with the query.
  const firstMs = Math.ceil(startMs / stepMs) * stepMs;
  const steps = Math.max(0, Math.floor((endMs - 1 - firstMs) / stepMs) + 1);
  budget.takePoints(steps);
  const grid = { startMs: firstMs, stepMs, steps };
  const value = await context.evaluate(expr.inner, grid);
  if (value.kind !== 'vector') return;
  // In slices as large as storage gives them, so that a slow outer function can run elsewhere.
  const width = Math.max(1, Math.floor(SLICE_POINTS / Math.max(1, steps)));
  for (let from = 0; from < value.series.length; from += width) {
    const batch = value.series.slice(from, from + width);
    const points = await mapInTurns(budget, batch, (series) => {
      const column = toPoints(series, grid);
      budget.takePoints(column.values.length);
      return column;
    });
    const dropNames = batch.map(({ dropName }) => dropName);
    yield { slice: sliceOfColumns(points), dropNames, take: () => {} };
  }
}

function toPoints(series: Series, grid: Grid): Omit<Points, 'dropName'> {
  const { labels, present } = series;
  const timestampsMs = new Float64Array(grid.steps);
  const values = new Float64Array(grid.steps);
  let count = 0;
  for (let step = 0; step < grid.steps; step++) {
    if (present[step] === 0) continue;
    timestampsMs[count] = stepTimeMs(grid, step);
    values[count++] = series.values[step]!;
  }
  return {
    labels,
    timestampsMs: timestampsMs.subarray(0, count),
    values: values.subarray(0, count),
  };
}

/** The columns of a call that `isRangeFunction` knows. */
export async function rangeCallStream(
  context: EvalContext,
  call: Call,
  grid: Grid,
): Promise<ColumnStream> {
  const parameters: Float64Array[] = [];
  let range: MatrixSelector | Subquery | undefined;
  for (const arg of call.args.map(unwrap)) {
    if (arg.kind === 'matrix' || arg.kind === 'subquery') {
      range = arg;
      continue;
    }
    const value = await context.evaluate(arg, grid);
    if (value.kind === 'scalar') parameters.push(value.values);
  }
  const source = rangeSource(context, range!, grid, call.name);
  if (call.name === 'double_exponential_smoothing') checkFactors(parameters);
  const what = whatOf(call, range!, source.margins);
  return {
    slices: source.slices,
    task: { view: source.view, rangeMs: source.rangeMs, parameters, what },
    dropName: !KEEPS_NAME.has(call.name),
    tell(labels) {
      if (call.name === 'quantile_over_time') {
        warnAboutQuantiles(parameters[0]!, call.args[0]!.span, context.annotations);
      }
      if (call.name === 'rate' || call.name === 'increase') tellOfGauges(context, call, labels);
    },
  };
}

/** Throws QueryError for a function that cannot be had of an extended range. */
function whatOf(
  call: Call,
  range: MatrixSelector | Subquery,
  margins: Margins,
): ColumnTask['what'] {
  const { name } = call;
  const extension = range.kind === 'matrix' ? range.selector.extension : undefined;
  if (extension === undefined) return { kind: 'call', name };
  checkExtension(name, extension);
  return { kind: 'extended', name, extension, margins };
}

const COUNTER_SUFFIX = /_(?:total|sum|count|bucket)$/;

function tellOfGauges(context: EvalContext, call: Call, all: readonly Labels[]): void {
  let told: string | undefined;
  for (const labels of all) {
    const name = labelValue(labels, METRIC_NAME);
    // Series of one metric lie together, mostly.
    if (name === told || name === '') continue;
    told = name;
    if (COUNTER_SUFFIX.test(name)) continue;
    context.annotations.inform(
      'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ' +
        quote(name),
      call.args[0]!.span,
    );
  }
}
