// rate, increase and delta: the change over a whole range, from the change between its first and
// last point. The points rarely lie on the edges: the change is extended to an edge when that is
// about one interval away, and by half an interval otherwise; a counter is not extended below zero.
//
// How far it is extended follows from the timestamps alone, so it is computed once for all series
// that share them; resets are looked for once in a series and not once in every range. The loops
// are functions of their own with everything as arguments: within the kernel they take ten times
// as long.

import { viewTimeMs } from './lookback.ts';
import type { Column, Kernel, RangePlan } from './range-function.ts';
import { createResets, findResets, type Resets, setNoResets, takenBetween } from './resets.ts';
import type { Windows } from './windows.ts';

/** A gap to the edge of the range up to this many average intervals is taken for a late point. */
export const EXTRAPOLATION_THRESHOLD = 1.1;

/** Above this multiple of where a counter would be cut at zero, rounding cannot matter. */
const SURELY_ABOVE = 1 + 1e-9;

/** What a change is multiplied with, by step. */
interface Extrapolation {
  readonly scales: Float64Array;
  readonly sampledSeconds: Float64Array;
  readonly toStartSeconds: Float64Array;
  readonly toEndSeconds: Float64Array;
  /** Of a change, the height above zero from which on the counter is extended all the way. */
  readonly safeShares: Float64Array;
}

/** `counter`: values that fall are resets. With `perSecond` the change is divided by the range. */
export function createChangeKernel(plan: RangePlan, counter: boolean, perSecond: boolean): Kernel {
  const perSeconds = perSecond ? plan.rangeMs / 1000 : 1;
  let known: Windows | undefined;
  let extrapolation: Extrapolation;
  const resets = createResets();

  return (column, from, to) => {
    const { values, windows, isRising } = column;
    if (from === 0) {
      if (windows !== known) extrapolation = extrapolate(column, plan, perSeconds);
      known = windows;
      if (counter && !isRising) findResets(resets, values);
      else setNoResets(resets);
    }
    const { kind } = resets;
    if (kind === 'none') computeSteady(column, extrapolation, counter, perSeconds, from, to);
    else if (kind === 'few') computeAcross(resets, column, extrapolation, perSeconds, from, to);
    else computeFalling(resets, column, extrapolation, perSeconds, from, to);
  };
}

/** For a series that was never reset. */
function computeSteady(
  column: Column,
  extrapolation: Extrapolation,
  counter: boolean,
  perSeconds: number,
  from: number,
  to: number,
): void {
  const { values, windows, results, present } = column;
  const { firsts, ends } = windows;
  const { scales } = extrapolation;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (end - first < 2) continue;
    const start = values[first]!;
    const change = values[end - 1]! - start;
    const scale = counter
      ? scaleFrom(start, change, extrapolation, step, perSeconds)
      : scales[step]!;
    results[step] = change * scale;
    present[step] = 1;
  }
}

/** For a series with resets: in each range the change between its ends, and what each took away. */
function computeAcross(
  { positions }: Resets,
  { values, windows, results, present }: Column,
  extrapolation: Extrapolation,
  perSeconds: number,
  from: number,
  to: number,
): void {
  const { firsts, ends } = windows;
  // The first reset within the range of a step.
  let inside = 0;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (end - first < 2) continue;
    while (positions[inside]! <= first) inside++;
    const start = values[first]!;
    let change = values[end - 1]! - start;
    for (let k = inside; positions[k]! < end; k++) change += values[positions[k]! - 1]!;
    results[step] = change * scaleFrom(start, change, extrapolation, step, perSeconds);
    present[step] = 1;
  }
}

/** For a gauge, which has so many of them that adding them up in each range would take longest. */
function computeFalling(
  resets: Resets,
  { values, windows, results, present }: Column,
  extrapolation: Extrapolation,
  perSeconds: number,
  from: number,
  to: number,
): void {
  const { firsts, ends } = windows;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (end - first < 2) continue;
    const start = values[first]!;
    let change = values[end - 1]! - start;
    const taken = takenBetween(resets, values, first, end);
    // Minus zero stays what it is.
    if (taken !== 0) change += taken;
    results[step] = change * scaleFrom(start, change, extrapolation, step, perSeconds);
    present[step] = 1;
  }
}

/** What the change of a counter is multiplied with: it is not extended below zero. */
function scaleFrom(
  start: number,
  change: number,
  extrapolation: Extrapolation,
  step: number,
  perSeconds: number,
): number {
  if (change > 0 && start >= 0 && start < change * extrapolation.safeShares[step]!) {
    return scaleAboveZero(extrapolation, step, start, change, perSeconds);
  }
  return extrapolation.scales[step]!;
}

function extrapolate(
  { timestampsMs, windows }: Column,
  { view, rangeMs }: RangePlan,
  perSeconds: number,
): Extrapolation {
  const { steps } = view.grid;
  const all: Extrapolation = {
    scales: new Float64Array(steps),
    sampledSeconds: new Float64Array(steps),
    toStartSeconds: new Float64Array(steps),
    toEndSeconds: new Float64Array(steps),
    safeShares: new Float64Array(steps),
  };
  for (let step = 0; step < steps; step++) {
    const first = windows.firsts[step]!;
    const end = windows.ends[step]!;
    if (end - first < 2) continue;
    const endMs = viewTimeMs(view, step);
    const firstMs = timestampsMs[first]!;
    const lastMs = timestampsMs[end - 1]!;
    const sampledSeconds = (lastMs - firstMs) / 1000;
    const averageSeconds = sampledSeconds / (end - first - 1);
    const thresholdSeconds = averageSeconds * EXTRAPOLATION_THRESHOLD;
    let toStartSeconds = (firstMs - (endMs - rangeMs)) / 1000;
    let toEndSeconds = (endMs - lastMs) / 1000;
    if (toStartSeconds >= thresholdSeconds) toStartSeconds = averageSeconds / 2;
    if (toEndSeconds >= thresholdSeconds) toEndSeconds = averageSeconds / 2;
    all.sampledSeconds[step] = sampledSeconds;
    all.toStartSeconds[step] = toStartSeconds;
    all.toEndSeconds[step] = toEndSeconds;
    all.scales[step] = scaleOf(sampledSeconds, toStartSeconds, toEndSeconds, perSeconds);
    all.safeShares[step] = (toStartSeconds / sampledSeconds) * SURELY_ABOVE;
  }
  return all;
}

export function scaleOf(
  sampled: number,
  toStart: number,
  toEnd: number,
  perSeconds: number,
): number {
  return (sampled + toStart + toEnd) / sampled / perSeconds;
}

/** The scale where the line through the first and last point may cross zero within the range. */
function scaleAboveZero(
  { sampledSeconds, toStartSeconds, toEndSeconds }: Extrapolation,
  step: number,
  start: number,
  change: number,
  perSeconds: number,
): number {
  const sampled = sampledSeconds[step]!;
  const toZero = sampled * (start / change);
  const toStart = Math.min(toZero, toStartSeconds[step]!);
  return scaleOf(sampled, toStart, toEndSeconds[step]!, perSeconds);
}
