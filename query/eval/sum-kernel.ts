// sum_over_time and avg_over_time, from running sums where ranges overlap.

import {
  type Column,
  createKernel,
  createRangeInput,
  type Kernel,
  type RangeFunction,
  type RangeInput,
  type RangePlan,
} from './range-function.ts';
import {
  beginSums,
  createRunningSums,
  extendSums,
  type RunningSums,
  sumBetween,
} from './running-sums.ts';

/** In how many ranges a point has to be, on average, for running sums to take less. */
const OVERLAP_MIN = 2;

/** `direct` computes a single range; with `mean`, sums are divided by the number of points. */
export function createSumKernel(plan: RangePlan, direct: RangeFunction, mean: boolean): Kernel {
  const byRange = createKernel(direct, plan);
  const running = createRunningSums();
  const input = createRangeInput();

  return (column, from, to) => {
    const { values, windows } = column;
    if (windows.spanned < OVERLAP_MIN * values.length) return byRange(column, from, to);
    if (from === 0) beginSums(running, values.length);
    extendSums(running, values, windows.ends[to - 1]!);
    input.values = values;
    takeDifferences(running, column, mean, direct, input, from, to);
  };
}

function takeDifferences(
  { sums, rests }: RunningSums,
  { windows, results, present }: Column,
  mean: boolean,
  direct: RangeFunction,
  input: RangeInput,
  from: number,
  to: number,
): void {
  const { firsts, ends } = windows;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (first === end) continue;
    let result = sumBetween(sums, rests, first, end, mean ? end - first : 1);
    if (Number.isNaN(result)) {
      input.first = first;
      input.end = end;
      result = direct(input, NO_PARAMETERS)!;
    }
    results[step] = result;
    present[step] = 1;
  }
}

const NO_PARAMETERS: readonly number[] = [];
