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
  let resets: Uint32Array = NO_RESETS;

  return (column, from, to) => {
    const { values, windows } = column;
    if (from === 0) {
      if (windows !== known) extrapolation = extrapolate(column, plan, perSeconds);
      known = windows;
      resets = counter ? findResets(values) : NO_RESETS;
    }
    if (resets.length === 0) computeSteady(column, extrapolation, counter, perSeconds, from, to);
    else computeAcross(resets, column, extrapolation, perSeconds, from, to);
  };
}

/** For a series that was never reset. */
function computeSteady(
  { values, windows, results, present }: Column,
  extrapolation: Extrapolation,
  counter: boolean,
  perSeconds: number,
  from: number,
  to: number,
): void {
  const { firsts, ends } = windows;
  const { scales, safeShares } = extrapolation;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (end - first < 2) continue;
    const start = values[first]!;
    const change = values[end - 1]! - start;
    let scale = scales[step]!;
    if (counter && change > 0 && start >= 0 && start < change * safeShares[step]!) {
      scale = scaleAboveZero(extrapolation, step, start, change, perSeconds);
    }
    results[step] = change * scale;
    present[step] = 1;
  }
}

/**
 * For a series with resets: in each range the change between its ends, and what each of its resets
 * took away. A gauge has so many of them that looking each one up would take longest.
 */
function computeAcross(
  resets: Uint32Array,
  { values, windows, results, present }: Column,
  extrapolation: Extrapolation,
  perSeconds: number,
  from: number,
  to: number,
): void {
  const { firsts, ends } = windows;
  const { scales, safeShares } = extrapolation;
  const { length } = resets;
  // Of the range of a step: resets [inside, beyond).
  let inside = 0;
  let beyond = 0;
  for (let step = from; step < to; step++) {
    const first = firsts[step]!;
    const end = ends[step]!;
    if (end - first < 2) continue;
    while (inside < length && resets[inside]! <= first) inside++;
    if (beyond < inside) beyond = inside;
    while (beyond < length && resets[beyond]! < end) beyond++;
    const start = values[first]!;
    let change = values[end - 1]! - start;
    for (let k = inside; k < beyond; k++) change += values[resets[k]! - 1]!;
    let scale = scales[step]!;
    if (change > 0 && start >= 0 && start < change * safeShares[step]!) {
      scale = scaleAboveZero(extrapolation, step, start, change, perSeconds);
    }
    results[step] = change * scale;
    present[step] = 1;
  }
}

const NO_RESETS = new Uint32Array(0);
/** A series with more resets than this is a gauge, most likely. */
const RARE_RESETS = 32;
let resetSpace = new Uint32Array(64);
let differences = new Float64Array(64);
let differenceWords = new Uint32Array(differences.buffer);

/** Positions of values that are below the one before; valid until the next call. */
function findResets(values: Float64Array): Uint32Array {
  const { length } = values;
  if (resetSpace.length < length) {
    resetSpace = new Uint32Array(2 * length);
    differences = new Float64Array(2 * length);
    differenceWords = new Uint32Array(differences.buffer);
  }
  const positions = resetSpace;
  let count = 0;
  let before = values[0]!;
  for (let i = 1; i < length; i++) {
    const value = values[i]!;
    if (value < before) {
      positions[count++] = i;
      if (count === RARE_RESETS) {
        count = findMany(values, i + 1, positions, count, differences, differenceWords);
        break;
      }
    }
    before = value;
  }
  return count === 0 ? NO_RESETS : positions.subarray(0, count);
}

/**
 * Goes on from `from` on without a branch: of a gauge, whether a value is below the one before is
 * guessed wrongly half of the time, which takes ten times as long. The high word of their
 * difference tells: beyond that of -0, up to that of -Infinity. Differences below 2^-1042 are none.
 */
function findMany(
  values: Float64Array,
  from: number,
  positions: Uint32Array,
  found: number,
  space: Float64Array,
  words: Uint32Array,
): number {
  const { length } = values;
  let count = found;
  for (let i = from; i < length; i++) space[i] = values[i]! - values[i - 1]!;
  for (let i = from; i < length; i++) {
    const beyond = (words[2 * i + 1]! - 0x8000_0001) | 0;
    positions[count] = i;
    count += ((beyond - 0x7ff0_0000) & ~beyond) >>> 31;
  }
  return count;
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
