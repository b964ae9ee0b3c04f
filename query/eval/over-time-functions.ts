// Range functions that aggregate the points of a range.

import { createKahanMean, createKahanSum, kahanAdd, meanAdd, meanTotal } from './kahan.ts';
import { quantile, quantileOfSorted } from './quantile.ts';
import type { RangeFunction, RangeInput } from './range-function.ts';
import { createSortedWindow, slideSorted } from './sorted-window.ts';

// The sums below are those of kahan.ts with their state in local variables, which is 15 times as
// fast. What each addition rounds off is found without a branch (Knuth's TwoSum, the same bits as
// by Neumaier's case distinction); where the sum is not finite, it is of no use.

export function sumOverTime({ values, first, end }: RangeInput): number {
  let sum = 0;
  let compensation = 0;
  for (let i = first; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const added = next - sum;
    compensation += sum - (next - added) + (value - added);
    sum = next;
  }
  return Number.isFinite(sum) ? sum + compensation : sum;
}

export function avgOverTime(input: RangeInput): number {
  const { values, first, end } = input;
  const count = end - first;
  let sum = values[first]!;
  let compensation = 0;
  for (let i = first + 1; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const added = next - sum;
    compensation += sum - (next - added) + (value - added);
    sum = next;
  }
  return Number.isFinite(sum) ? sum / count + compensation / count : runningMean(input);
}

/** The mean where the sum is not finite. */
function runningMean({ values, first, end }: RangeInput): number {
  const mean = createKahanMean();
  for (let i = first; i < end; i++) meanAdd(mean, values[i]!);
  return meanTotal(mean);
}

/** Welford's recurrence, compensated. */
function varianceOverTime({ values, first, end }: RangeInput): number {
  const mean = createKahanSum();
  const squares = createKahanSum();
  let count = 0;
  for (let i = first; i < end; i++) {
    count++;
    const value = values[i]!;
    const delta = value - (mean.sum + mean.compensation);
    kahanAdd(mean, delta / count);
    kahanAdd(squares, delta * (value - (mean.sum + mean.compensation)));
  }
  return (squares.sum + squares.compensation) / count;
}

/**
 * Index of the extreme value: `better` says when a later one takes over. NaN yields to anything.
 * The best of the range before is still the best of what is left of it, as long as it is in.
 */
function extreme(input: RangeInput, better: (value: number, best: number) => boolean): number {
  const { values, first, end, memory } = input;
  let best = memory.index;
  let from = memory.end;
  if (best < first) {
    best = first;
    from = first + 1;
  }
  for (let i = from; i < end; i++) {
    if (better(values[i]!, values[best]!) || Number.isNaN(values[best]!)) best = i;
  }
  memory.index = best;
  memory.end = end;
  return best;
}

const above = (value: number, best: number): boolean => value > best;
const below = (value: number, best: number): boolean => value < best;
const notBelow = (value: number, best: number): boolean => value >= best;
const notAbove = (value: number, best: number): boolean => value <= best;

function copy({ values, first, end }: RangeInput): Float64Array {
  return values.slice(first, end);
}

/** Median absolute deviation from the median. */
function madOverTime(input: RangeInput): number {
  const values = copy(input);
  if (values.some(Number.isNaN)) return NaN;
  const median = quantile(0.5, values);
  return quantile(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

function quantileOverTime(
  { values, first, end, memory }: RangeInput,
  [q]: readonly number[],
): number {
  memory.sorted ??= createSortedWindow();
  return quantileOfSorted(q!, slideSorted(memory.sorted, values, first, end));
}

function secondsAt(input: RangeInput, index: number): number {
  return input.timestampsMs[index]! / 1000;
}

export const OVER_TIME_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  sum_over_time: sumOverTime,
  avg_over_time: avgOverTime,
  count_over_time: ({ first, end }) => end - first,
  min_over_time: (input) => input.values[extreme(input, below)]!,
  max_over_time: (input) => input.values[extreme(input, above)]!,
  stdvar_over_time: varianceOverTime,
  stddev_over_time: (input) => Math.sqrt(varianceOverTime(input)),
  mad_over_time: madOverTime,
  quantile_over_time: quantileOverTime,
  present_over_time: () => 1,
  first_over_time: ({ values, first }) => values[first]!,
  last_over_time: ({ values, end }) => values[end - 1]!,
  ts_of_first_over_time: (input) => secondsAt(input, input.first),
  ts_of_last_over_time: (input) => secondsAt(input, input.end - 1),
  // Of equal extremes the last one counts.
  ts_of_max_over_time: (input) => secondsAt(input, extreme(input, notBelow)),
  ts_of_min_over_time: (input) => secondsAt(input, extreme(input, notAbove)),
};
