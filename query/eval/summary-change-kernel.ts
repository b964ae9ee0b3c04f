// rate, increase and delta over summaries: what change-kernel.ts computes of the first and the last
// point of a range, their times, how many there are, and what resets took away.

import { EXTRAPOLATION_THRESHOLD, scaleOf } from './change-kernel.ts';
import { viewTimeMs } from './lookback.ts';
import type { Column, Kernel, RangePlan } from './range-function.ts';

/** Fields come in the order count, first, last, resets, first_ms, last_ms. */
export function createSummaryChangeKernel(
  plan: RangePlan,
  counter: boolean,
  perSecond: boolean,
): Kernel {
  const perSeconds = perSecond ? plan.rangeMs / 1000 : 1;
  return (column, from, to) => {
    for (let step = from; step < to; step++) {
      const result = changeOver(column, step, plan, counter, perSeconds);
      if (result === undefined) continue;
      column.results[step] = result;
      column.present[step] = 1;
    }
  };
}

function changeOver(
  { fields, windows }: Column,
  step: number,
  { view, rangeMs }: RangePlan,
  counter: boolean,
  perSeconds: number,
): number | undefined {
  const [counts, firsts, lasts, resets, firstsMs, lastsMs] = fields!;
  const first = windows.firsts[step]!;
  const last = windows.ends[step]! - 1;
  let count = 0;
  for (let i = first; i <= last; i++) count += counts![i]!;
  if (count < 2) return undefined;
  const start = firsts![first]!;
  let change = lasts![last]! - start;
  if (counter) change += takenByResets(firsts!, lasts!, resets!, first, last);

  const endMs = viewTimeMs(view, step);
  const sampled = (lastsMs![last]! - firstsMs![first]!) / 1000;
  const average = sampled / (count - 1);
  const threshold = average * EXTRAPOLATION_THRESHOLD;
  let toStart = (firstsMs![first]! - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - lastsMs![last]!) / 1000;
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
