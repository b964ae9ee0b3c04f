// Range functions over summaries of steps instead of points: which fields they take, and how. Of
// ranges that are whole steps the results are those of the points, as the fields are chosen so
// that a range of steps can be put together from them: see storage/docs/format/rollups.md.

import type { RollupRequest, SummaryField } from '../../storage/index.ts';
import { type Viewpoint, viewTimeMs } from './lookback.ts';
import type { Column, Kernel, RangePlan } from './range-function.ts';
import { createRangeKernel } from './range-functions.ts';
import { createSummaryChangeKernel } from './summary-change-kernel.ts';
import type { Windows } from './windows.ts';

interface SummaryCall {
  readonly fields: readonly SummaryField[];
  createKernel(plan: RangePlan): Kernel;
}

/** A function whose result is that of a function over one field. */
function over(field: SummaryField, name: string): SummaryCall {
  return { fields: [field], createKernel: (plan) => createRangeKernel(name, plan) };
}

const CHANGE_FIELDS = ['count', 'first', 'last', 'resets', 'first_ms', 'last_ms'] as const;

function change(counter: boolean, perSecond: boolean): SummaryCall {
  return {
    fields: CHANGE_FIELDS,
    createKernel: (plan) => createSummaryChangeKernel(plan, counter, perSecond),
  };
}

const SUMMARY_CALLS: Readonly<Record<string, SummaryCall>> = {
  count_over_time: over('count', 'sum_over_time'),
  sum_over_time: over('sum', 'sum_over_time'),
  min_over_time: over('min', 'min_over_time'),
  max_over_time: over('max', 'max_over_time'),
  first_over_time: over('first', 'first_over_time'),
  last_over_time: over('last', 'last_over_time'),
  present_over_time: over('count', 'present_over_time'),
  avg_over_time: { fields: ['sum', 'count'], createKernel: createMeanKernel },
  rate: change(true, true),
  increase: change(true, false),
  delta: change(false, false),
};

/** How a call takes summaries; undefined when it needs the points. */
export function summaryCall(name: string): SummaryCall | undefined {
  return Object.hasOwn(SUMMARY_CALLS, name) ? SUMMARY_CALLS[name] : undefined;
}

/** The sum of all points over their count. */
function createMeanKernel(plan: RangePlan): Kernel {
  const sum = createRangeKernel('sum_over_time', plan);
  return (column, from, to) => {
    sum(column, from, to);
    const counts = column.fields![1]!;
    divide(column.results, column.windows, counts, from, to);
  };
}

function divide(
  results: Column['results'],
  { firsts, ends }: Windows,
  counts: Float64Array,
  from: number,
  to: number,
): void {
  for (let step = from; step < to; step++) {
    let count = 0;
    for (let i = firsts[step]!; i < ends[step]!; i++) count += counts[i]!;
    results[step]! /= count;
  }
}

/**
 * What a selector that sees ranges of `rangeMs` takes of summaries. Those are exact that end where
 * every range begins and ends; with `fields` undefined, a range may begin anywhere.
 */
export function rollupRequest(
  view: Viewpoint,
  rangeMs: number,
  fields: readonly SummaryField[] | undefined,
): RollupRequest {
  const { steps, stepMs } = view.grid;
  const ends =
    steps > 1 && view.atMs === undefined ? [viewTimeMs(view, 0), stepMs] : [viewTimeMs(view, 0)];
  const borders = fields === undefined ? ends : [...ends, rangeMs];
  const exactMs = borders.reduce(greatestDivisor, 0);
  return { exactMs, rangeMs, ...(fields !== undefined && { fields }) };
}

/** For whoever needs every point: of what was dropped, a step gives no more than its last one. */
export const LAST_RESORT: RollupRequest = { exactMs: 0, rangeMs: Number.POSITIVE_INFINITY };

function greatestDivisor(a: number, b: number): number {
  let [rest, divisor] = [Math.abs(a), Math.abs(b)];
  while (divisor !== 0) [rest, divisor] = [divisor, rest % divisor];
  return rest;
}
