// Aggregations over groups of series.

import { QueryError } from '../errors.ts';
import { formatFloat, formatShort } from '../float.ts';
import type { Aggregation } from '../promql/ast.ts';
import { isLabelName } from '../promql/literals.ts';
import { type Accumulator, type AccumulatorKind, createAccumulator } from './accumulator.ts';
import type { Annotations } from './annotations.ts';
import type { Budget } from './budget.ts';
import { type ColumnStream, foldsOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import {
  createGroupNumbers,
  createGroupOf,
  type Grouping,
  type GroupNumbers,
  groupSeries,
} from './grouping.ts';
import { quantile } from './quantile.ts';
import { type OperatorCost, timed } from './trace.ts';
import { emptySeries, labelsKey, type Series, withLabel } from './value.ts';

export function groupingOf(expr: Aggregation): Grouping {
  return { without: expr.without, labels: expr.grouping };
}

/** sum, avg, min, ... of series that are there. */
export async function accumulate(
  kind: AccumulatorKind,
  grouping: Grouping,
  series: readonly Series[],
  steps: number,
  budget: Budget,
): Promise<readonly Series[]> {
  const numbers = createGroupNumbers(grouping);
  const groups = createGroups(kind, numbers, steps, budget);
  for (const { labels, values, present, dropName } of series) {
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    groups.at(numbers.of(labels), dropName).add(values, present);
  }
  return groups.finish();
}

/**
 * The same of columns that are added up slice by slice, where they are computed. `cost` notes the
 * time that this takes.
 */
export async function accumulateStream(
  kind: AccumulatorKind,
  grouping: Grouping,
  stream: ColumnStream,
  context: EvalContext,
  cost: OperatorCost | undefined,
): Promise<readonly Series[]> {
  const { budget } = context;
  const numbers = createGroupNumbers(grouping);
  const groups = createGroups(kind, numbers, stream.task.view.grid.steps, budget);
  const folds = foldsOf(context, stream, kind, numbers.of);
  const all = cost === undefined ? folds : timed(cost, folds, ({ series }) => series);
  for await (const { parts } of all) {
    for (const { group, state, dropName } of parts) groups.at(group, dropName).merge(state);
    const turn = budget.turn();
    if (turn !== undefined) await turn;
  }
  return groups.finish();
}

/** Groups in the order in which something is first added to them. */
function createGroups(kind: AccumulatorKind, numbers: GroupNumbers, steps: number, budget: Budget) {
  const groups = new Map<number, { accumulator: Accumulator; dropName: boolean }>();
  return {
    at(number: number, dropName: boolean): Accumulator {
      let group = groups.get(number);
      if (group === undefined) {
        budget.takeColumns(3, steps);
        group = { accumulator: createAccumulator(kind, steps), dropName };
        groups.set(number, group);
      }
      group.dropName ||= dropName;
      return group.accumulator;
    },
    finish(): readonly Series[] {
      return Array.from(groups, ([number, { accumulator, dropName }]) => ({
        labels: numbers.labels[number]!,
        values: accumulator.finish(),
        present: accumulator.state.present,
        dropName,
      }));
    },
  };
}

/** The q-quantile of each group; `qs` has one q per step. */
export async function aggregateQuantile(
  qs: Float64Array,
  series: readonly Series[],
  expr: Aggregation,
  annotations: Annotations,
  budget: Budget,
): Promise<readonly Series[]> {
  warnAboutQuantiles(qs, expr.parameter!.span, annotations);
  const results: Series[] = [];
  for (const { labels, members } of groupSeries(series, groupingOf(expr))) {
    const dropName = members.some((member) => member.dropName);
    const result = emptySeries(labels, qs.length, dropName);
    const values = new Float64Array(members.length);
    for (let step = 0; step < qs.length; step++) {
      const turn = budget.turn();
      if (turn !== undefined) await turn;
      let count = 0;
      for (const member of members) {
        if (member.present[step] === 1) values[count++] = member.values[step]!;
      }
      if (count === 0) continue;
      result.values[step] = quantile(qs[step]!, values.subarray(0, count));
      result.present[step] = 1;
    }
    results.push(result);
  }
  return results;
}

/** One warning for each kind of quantile that makes no sense, as Prometheus gives them. */
export function warnAboutQuantiles(
  qs: Float64Array,
  span: Aggregation['span'],
  annotations: Annotations,
): void {
  const odd = [qs.find(Number.isNaN), largest(qs, (q) => q > 1), smallest(qs, (q) => q < 0)];
  for (const q of odd) {
    if (q === undefined) continue;
    annotations.warn(`quantile value should be between 0 and 1, got ${formatShort(q)}`, span);
  }
}

function largest(values: Float64Array, wanted: (value: number) => boolean): number | undefined {
  return values.filter(wanted).reduce<number | undefined>((a, b) => Math.max(a ?? b, b), undefined);
}

function smallest(values: Float64Array, wanted: (value: number) => boolean): number | undefined {
  return values.filter(wanted).reduce<number | undefined>((a, b) => Math.min(a ?? b, b), undefined);
}

/** How often each value occurs in a group; the value becomes the label `name`. */
export async function countValues(
  name: string,
  series: readonly Series[],
  expr: Aggregation,
  steps: number,
  budget: Budget,
): Promise<readonly Series[]> {
  if (!isLabelName(name)) {
    throw new QueryError('execution', `invalid label name ${JSON.stringify(name)}`);
  }
  const groupOf = createGroupOf(groupingOf(expr));
  const counts = new Map<string, Series>();
  for (const member of series) {
    const labels = groupOf(member.labels);
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    for (let step = 0; step < steps; step++) {
      if (member.present[step] === 0) continue;
      const counted = withLabel(labels, name, formatFloat(member.values[step]!));
      const key = labelsKey(counted);
      let count = counts.get(key);
      if (count === undefined) {
        budget.takeColumns(1, steps);
        count = emptySeries(counted, steps, member.dropName);
        counts.set(key, count);
      }
      count.values[step]!++;
      count.present[step] = 1;
    }
  }
  return [...counts.values()];
}
