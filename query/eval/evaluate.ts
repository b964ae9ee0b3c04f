// Expression -> value, over all steps at once.

import { QueryError } from '../errors.ts';
import {
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  isSetOperator,
  type Unary,
  unwrap,
} from '../promql/ast.ts';
import { type AccumulatorKind, isAccumulatorKind } from './accumulator.ts';
import {
  accumulate,
  accumulateStream,
  aggregateQuantile,
  countValues,
  groupingOf,
} from './aggregate.ts';
import { scalarBinary, vectorScalarBinary } from './binary.ts';
import { mapValues } from './budget.ts';
import { columnsOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { evaluateInfo } from './info-function.ts';
import { absent, evaluateInstantCall } from './instant-call.ts';
import { slide, viewTimeMs, withoutStale } from './lookback.ts';
import { rangeCallStream, rangeSource } from './range-call.ts';
import { isRangeFunction } from './range-functions.ts';
import { pickSeries } from './rank.ts';
import { vectorStream } from './selector.ts';
import { setOperator } from './set-operators.ts';
import { addOperator } from './trace.ts';
import type { Grid, Points, Series, Value } from './value.ts';
import { vectorBinary } from './vector-matching.ts';

/** Throws QueryError; a selector with no points is an empty vector. */
export function createEvaluator(base: Omit<EvalContext, 'evaluate'>): EvalContext['evaluate'] {
  const context: EvalContext = {
    ...base,
    async evaluate(expr, grid) {
      await base.budget.turn();
      if (base.trace === undefined) return evaluate(context, expr, grid);
      const cost = addOperator(base.trace, expr);
      const startMs = performance.now();
      const value = await evaluate(context, expr, grid);
      cost.durationMs += performance.now() - startMs;
      if (value.kind === 'vector' || value.kind === 'matrix') cost.series = value.series.length;
      return value;
    },
  };
  return context.evaluate;
}

async function evaluate(context: EvalContext, expr: Expr, grid: Grid): Promise<Value> {
  switch (expr.kind) {
    case 'number':
      return { kind: 'scalar', values: new Float64Array(grid.steps).fill(expr.value) };
    case 'string':
      return { kind: 'string', value: expr.value };
    case 'paren':
      return context.evaluate(expr.inner, grid);
    case 'unary':
      return evaluateUnary(context, expr, grid);
    case 'binary':
      return evaluateBinary(context, expr, grid);
    case 'aggregation':
      return { kind: 'vector', series: await evaluateAggregation(context, expr, grid) };
    case 'call':
      return evaluateCall(context, expr, grid);
    case 'vector':
      return {
        kind: 'vector',
        series: await collect(columnsOf(context, vectorStream(context, expr, grid))),
      };
    case 'matrix':
    case 'subquery':
      return { kind: 'matrix', series: await collectPoints(context, expr, grid) };
  }
}

async function collect<Item>(batches: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const batch of batches) for (const item of batch) all.push(item);
  return all;
}

async function evaluateRangeCall(
  context: EvalContext,
  call: Call,
  grid: Grid,
): Promise<readonly Series[]> {
  return collect(columnsOf(context, await rangeCallStream(context, call, grid)));
}

/** Without holding the columns that are added up, where these come from storage. */
async function evaluateAccumulation(
  context: EvalContext,
  kind: AccumulatorKind,
  expr: Aggregation,
  grid: Grid,
): Promise<readonly Series[]> {
  const argument = unwrap(expr.argument);
  const stream =
    argument.kind === 'vector'
      ? vectorStream(context, argument, grid)
      : argument.kind === 'call' && isRangeFunction(argument.name)
        ? await rangeCallStream(context, argument, grid)
        : undefined;
  if (stream === undefined) {
    const series = await vectorOf(context, argument, grid);
    return accumulate(kind, groupingOf(expr), series, grid.steps, context.budget);
  }
  const cost = context.trace && addOperator(context.trace, argument);
  return accumulateStream(kind, groupingOf(expr), stream, context, cost);
}

async function vectorOf(context: EvalContext, expr: Expr, grid: Grid): Promise<readonly Series[]> {
  const value = await context.evaluate(expr, grid);
  if (value.kind === 'vector') return value.series;
  throw new QueryError('internal', `a vector was expected, not a ${value.kind}`);
}

async function scalarOf(context: EvalContext, expr: Expr, grid: Grid): Promise<Float64Array> {
  const value = await context.evaluate(expr, grid);
  if (value.kind === 'scalar') return value.values;
  throw new QueryError('internal', `a scalar was expected, not a ${value.kind}`);
}

/** A range vector as a result: the points that the one step of an instant query sees. */
async function collectPoints(
  context: EvalContext,
  expr: Extract<Expr, { kind: 'matrix' | 'subquery' }>,
  grid: Grid,
): Promise<readonly Points[]> {
  if (expr.kind === 'matrix' && expr.selector.extension !== undefined) {
    const message = `${expr.selector.extension} modifier needs a function around its range`;
    throw new QueryError('execution', message);
  }
  const { view, rangeMs, slices } = rangeSource(context, expr, grid);
  const all: Points[] = [];
  for await (const { slice, dropNames, take } of slices) {
    const reader = slice.open();
    for (const [position, labels] of slice.labels.entries()) {
      const read = reader.read(position);
      take(read.values.length);
      const { timestampsMs, values } = withoutStale(read);
      const window = { first: 0, end: 0, startMs: 0, endMs: 0 };
      slide(window, timestampsMs, viewTimeMs(view, 0), rangeMs);
      const { first, end } = window;
      if (first === end || labels === undefined) continue;
      const seen = {
        timestampsMs: timestampsMs.slice(first, end),
        values: values.slice(first, end),
      };
      all.push({ labels, ...seen, dropName: dropNames?.[position] === true });
    }
    const turn = context.budget.turn();
    if (turn !== undefined) await turn;
  }
  return all;
}

async function evaluateUnary(context: EvalContext, expr: Unary, grid: Grid): Promise<Value> {
  const operand = await context.evaluate(expr.operand, grid);
  if (expr.operator === '+') return operand;
  if (operand.kind === 'scalar') {
    return { kind: 'scalar', values: operand.values.map((value) => -value) };
  }
  if (operand.kind !== 'vector') return operand;
  const series = await mapValues(context.budget, operand.series, (value) => -value);
  return { kind: 'vector', series };
}

async function evaluateBinary(context: EvalContext, expr: Binary, grid: Grid): Promise<Value> {
  const { operator, bool, matching } = expr;
  const { budget } = context;
  const left = await context.evaluate(expr.left, grid);
  const right = await context.evaluate(expr.right, grid);
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    return { kind: 'scalar', values: scalarBinary(operator, left.values, right.values) };
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    const [vector, scalar] = [left.series, right.values];
    const series = await vectorScalarBinary(operator, vector, scalar, 'right', bool, budget);
    return { kind: 'vector', series };
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    const [vector, scalar] = [right.series, left.values];
    const series = await vectorScalarBinary(operator, vector, scalar, 'left', bool, budget);
    return { kind: 'vector', series };
  }
  if (left.kind !== 'vector' || right.kind !== 'vector') {
    throw new QueryError('internal', `no operator takes ${left.kind} and ${right.kind}`);
  }
  const series = isSetOperator(operator)
    ? await setOperator(operator as 'and', left.series, right.series, matching, grid.steps, budget)
    : await vectorBinary(expr, left.series, right.series, grid.steps, budget);
  return { kind: 'vector', series };
}

async function evaluateAggregation(
  context: EvalContext,
  expr: Aggregation,
  grid: Grid,
): Promise<readonly Series[]> {
  const { operator, argument, parameter } = expr;
  const { annotations, budget } = context;
  if (isAccumulatorKind(operator)) {
    return evaluateAccumulation(context, operator, expr, grid);
  }
  if (operator === 'count_values') {
    const name = await context.evaluate(parameter!, grid);
    const series = await vectorOf(context, argument, grid);
    return countValues(name.kind === 'string' ? name.value : '', series, expr, grid.steps, budget);
  }
  const parameters = await scalarOf(context, parameter!, grid);
  const series = await vectorOf(context, argument, grid);
  return operator === 'quantile'
    ? aggregateQuantile(parameters, series, expr, annotations, budget)
    : pickSeries(parameters, series, expr, annotations, budget);
}

async function evaluateCall(context: EvalContext, call: Call, grid: Grid): Promise<Value> {
  if (isRangeFunction(call.name)) {
    return { kind: 'vector', series: await evaluateRangeCall(context, call, grid) };
  }
  const [first] = call.args;
  if (call.name === 'absent_over_time') {
    const present = { ...call, name: 'present_over_time' };
    return absent(first!, await evaluateRangeCall(context, present, grid), grid);
  }
  if (call.name === 'info') {
    const base = await vectorOf(context, first!, grid);
    return { kind: 'vector', series: await evaluateInfo(context, call, base, grid) };
  }
  const selector = first === undefined ? undefined : unwrap(first);
  if (call.name === 'timestamp' && selector?.kind === 'vector') {
    // The time of the point itself, which only the selector knows.
    const series = await collect(columnsOf(context, vectorStream(context, selector, grid, true)));
    return { kind: 'vector', series };
  }
  const args: Value[] = [];
  for (const arg of call.args) args.push(await context.evaluate(arg, grid));
  return evaluateInstantCall(context, call, grid, args);
}
