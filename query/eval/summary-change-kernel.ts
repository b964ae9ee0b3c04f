// rate, increase and delta over summaries: what change-kernel.ts computes of the first and the last
// point of a range, their times, how many there are, and what resets took away.

import { EXTRAPOLATION_THRESHOLD, scaleOf } from './change-kernel.ts';
import { viewTimeMs } from './lookback.ts';
import type { Kernel, RangePlan } from './range-function.ts';

/** Fields come in the order count, first, last, resets, first_ms, last_ms. */
export function createSummaryChangeKernel(
  { view, rangeMs }: RangePlan,
  counter: boolean,
  perSecond: boolean,
): Kernel {
  const perSeconds = perSecond ? rangeMs / 1000 : 1;
  return ({ fields, windows, results, present }, from, to) => {
    const { firsts, ends } = windows;
    const changes: Changes = { fields: fields!, rangeMs, counter, perSeconds };
    for (let step = from; step < to; step++) {
      const first = firsts[step]!;
      const last = ends[step]! - 1;
      if (countIn(fields![0]!, first, last) < 2) continue;
      results[step] = changeOver(changes, first, last, viewTimeMs(view, step));
      present[step] = 1;
    }
  };
}

interface Changes {
  readonly fields: readonly Float64Array[];
  readonly rangeMs: number;
  readonly counter: boolean;
  readonly perSeconds: number;
}

/** Points of the steps [first, last]. */
function countIn(counts: Float64Array, first: number, last: number): number {
  let count = 0;
  for (let i = first; i <= last; i++) count += counts[i]!;
  return count;
}

/** Of the steps [first, last], which have two points at least, seen from `endMs`. */
function changeOver(
  { fields, rangeMs, counter, perSeconds }: Changes,
  first: number,
  last: number,
  endMs: number,
): number {
  const firsts = fields[1]!;
  const lasts = fields[2]!;
  const firstMs = fields[4]![first]!;
  const lastMs = fields[5]![last]!;
  const start = firsts[first]!;
  let change = lasts[last]! - start;
  if (counter) change += takenByResets(firsts, lasts, fields[3]!, first, last);

  const sampled = (lastMs - firstMs) / 1000;
  const average = sampled / (countIn(fields[0]!, first, last) - 1);
  const threshold = average * EXTRAPOLATION_THRESHOLD;
  let toStart = (firstMs - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - lastMs) / 1000;
  if (toStart >= threshold) toStart = average / 2;
  if (toEnd >= threshold) toEnd = average / 2;
  if (counter && change > 0 && start >= 0) toStart = Math.min(toStart, sampled * (start / change));
  return change * scaleOf(sampled, toStart, toEnd, perSeconds);
}

/** Within the steps [first, last], and from one to the next. */
function takenByResets(
  firsts: Float64Array,
  lasts: Float64Array,
  resets: Float64Array,
  first: number,
  last: number,
): number {
  let taken = resets[first]!;
  for (let i = first + 1; i <= last; i++) {
    if (firsts[i]! < lasts[i - 1]!) taken += lasts[i - 1]!;
    taken += resets[i]!;
  }
  return taken;
}
