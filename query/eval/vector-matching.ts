// Arithmetic and comparison between two vectors: one-to-one, many-to-one and one-to-many.

import type { Labels } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import { type Binary, isComparison } from '../promql/ast.ts';
import { arithmetic, comparison } from './binary.ts';
import type { Budget } from './budget.ts';
import { formatLabels } from './format-labels.ts';
import { type Match, matchSeries } from './signature.ts';
import {
  emptySeries,
  labelsKey,
  labelValue,
  mergeEqual,
  onlyLabels,
  type Series,
  withLabel,
  withoutLabels,
  withoutName,
  withPoints,
} from './value.ts';

/** Throws QueryError (execution) where a step has more series to a match than `expr` allows. */
export async function vectorBinary(
  expr: Binary,
  left: readonly Series[],
  right: readonly Series[],
  steps: number,
  budget: Budget,
): Promise<readonly Series[]> {
  const results: Series[] = [];
  for (const match of matchSeries(left, right, expr.matching)) {
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    const outputs = new Map<string, Output>();
    matchOne(expr, withFill(expr, match, steps), outputs, steps);
    budget.takeColumns(outputs.size, steps);
    for (const { series } of outputs.values()) results.push(series);
  }
  return mergeEqual(withPoints(results), budget);
}

/** One result series of one match. */
interface Output {
  readonly series: Series;
  /** Steps at which two points met, whether or not the comparison held. */
  readonly met: Uint8Array;
}

/** One match, with the side that may have several series told apart from the other. */
interface Sides {
  readonly labels: Labels;
  readonly many: readonly Series[];
  readonly one: readonly Series[];
}

/** Adds stand-ins, at the steps where a side with a fill value has no point. */
function withFill(expr: Binary, match: Match, steps: number): Sides {
  const { left: fillLeft, right: fillRight } = expr.fill;
  let { left, right }: { left: readonly Series[]; right: readonly Series[] } = match;
  const missingLeft = missing(left, right, match.labels, fillLeft, steps);
  const missingRight = missing(right, left, match.labels, fillRight, steps);
  if (missingLeft !== undefined) left = [...left, missingLeft];
  if (missingRight !== undefined) right = [...right, missingRight];
  return expr.matching?.group === 'right'
    ? { labels: match.labels, many: right, one: left }
    : { labels: match.labels, many: left, one: right };
}

function missing(
  side: readonly Series[],
  other: readonly Series[],
  labels: Labels,
  fill: number | undefined,
  steps: number,
): Series | undefined {
  if (fill === undefined) return undefined;
  const stand = emptySeries(labels, steps, false);
  stand.values.fill(fill);
  for (let step = 0; step < steps; step++) {
    const needed = hasPoint(other, step) && !hasPoint(side, step);
    stand.present[step] = needed ? 1 : 0;
  }
  return stand;
}

function hasPoint(series: readonly Series[], step: number): boolean {
  return series.some((one) => one.present[step] === 1);
}

function matchOne(expr: Binary, sides: Sides, outputs: Map<string, Output>, steps: number): void {
  const { many, one } = sides;
  const singles = singleAtEachStep(expr, sides, steps);
  // One-to-one, a step has a single pair, whatever labels its result would get.
  const met = expr.matching?.group === undefined ? new Uint8Array(steps) : undefined;
  for (const [at, partner] of one.entries()) {
    for (const series of many) {
      const output = outputFor(expr, outputs, series, partner, steps, met);
      pair(expr, output, series, partner, (step) => singles === undefined || singles[step] === at);
    }
  }
}

/** Which of the `one` series has the point of each step (-1: none); undefined with just one. */
function singleAtEachStep(expr: Binary, sides: Sides, steps: number): Int32Array | undefined {
  const { one } = sides;
  if (one.length < 2) return undefined;
  const singles = new Int32Array(steps).fill(-1);
  for (const [at, series] of one.entries()) {
    for (let step = 0; step < steps; step++) {
      if (series.present[step] === 0) continue;
      const other = singles[step]!;
      if (other >= 0) throw duplicateMatch(expr, sides.labels, one[other]!, series);
      singles[step] = at;
    }
  }
  return singles;
}

function duplicateMatch(expr: Binary, labels: Labels, a: Series, b: Series): QueryError {
  const side = expr.matching?.group === 'right' ? 'left' : 'right';
  const pairText = [a, b]
    .map((series) => formatLabels(series.labels))
    .sort()
    .join(', ');
  return new QueryError(
    'execution',
    `found duplicate series for the match group ${formatLabels(labels)} on the ${side} ` +
      `hand-side of the operation: [${pairText}];many-to-many matching not allowed: matching ` +
      'labels must be unique on one side',
  );
}

function outputFor(
  expr: Binary,
  outputs: Map<string, Output>,
  many: Series,
  one: Series,
  steps: number,
  met: Uint8Array | undefined,
): Output {
  const labels = resultLabels(expr, many.labels, one.labels);
  const key = labelsKey(labels);
  let output = outputs.get(key);
  if (output === undefined) {
    const dropName = expr.bool || many.dropName;
    const series = emptySeries(labels, steps, dropName);
    output = { series, met: met ?? new Uint8Array(steps) };
    outputs.set(key, output);
  }
  return output;
}

/** The many side's labels; less what it was matched by one-to-one, more what `group_x` includes. */
function resultLabels(expr: Binary, many: Labels, one: Labels): Labels {
  const { matching } = expr;
  let labels = isComparison(expr.operator) ? many : withoutName(many);
  if (matching === undefined) return labels;
  if (matching.group === undefined) {
    const named = new Set(matching.labels);
    return matching.on ? onlyLabels(labels, named) : withoutLabels(labels, named);
  }
  for (const name of matching.include) labels = withLabel(labels, name, labelValue(one, name));
  return labels;
}

function pair(
  expr: Binary,
  output: Output,
  many: Series,
  one: Series,
  isPartner: (step: number) => boolean,
): void {
  const swapped = expr.matching?.group === 'right';
  const [left, right] = swapped ? [one, many] : [many, one];
  const holds = isComparison(expr.operator) ? comparison(expr.operator) : undefined;
  const compute = holds === undefined ? arithmetic(expr.operator) : undefined;
  const { values, present } = output.series;
  for (let step = 0; step < values.length; step++) {
    if (left.present[step] === 0 || right.present[step] === 0 || !isPartner(step)) continue;
    if (output.met[step] === 1) throw ambiguousMatch(expr);
    output.met[step] = 1;
    const [a, b] = [left.values[step]!, right.values[step]!];
    if (compute !== undefined) {
      values[step] = compute(a, b);
      present[step] = 1;
      continue;
    }
    const held = holds!(a, b);
    values[step] = expr.bool ? Number(held) : a;
    present[step] = held || expr.bool ? 1 : 0;
  }
}

function ambiguousMatch(expr: Binary): QueryError {
  const grouped = expr.matching?.group !== undefined;
  return new QueryError(
    'execution',
    grouped
      ? 'multiple matches for labels: grouping labels must ensure unique matches'
      : 'multiple matches for labels: many-to-one matching must be explicit ' +
          '(group_left/group_right)',
  );
}
