// Range functions on how fast a series changes: rate and its kin, and straight lines through it.

import { QueryError } from '../errors.ts';
import { createKahanSum, kahanAdd, kahanTotal } from './kahan.ts';
import type { RangeFunction, RangeInput } from './range-function.ts';

/** A gap to the edge of the range up to this many average intervals is taken for a late point. */
const EXTRAPOLATION_THRESHOLD = 1.1;

/**
 * The change over the whole range, from the change between its first and last point. The points
 * rarely lie on the edges: the change is extended to an edge when it is about one interval away,
 * and by half an interval otherwise. A counter is not extended below zero. Divided by `perSeconds`.
 */
function extrapolatedChange(
  input: RangeInput,
  counter: boolean,
  perSeconds = 1,
): number | undefined {
  const { timestampsMs, values, first, end } = input;
  if (end - first < 2) return undefined;
  const firstMs = timestampsMs[first]!;
  const lastMs = timestampsMs[end - 1]!;
  let change = values[end - 1]! - values[first]!;
  if (counter) {
    for (let i = first + 1; i < end; i++) {
      const before = values[i - 1]!;
      if (values[i]! < before) change += before;
    }
  }
  const sampledSeconds = (lastMs - firstMs) / 1000;
  const averageSeconds = sampledSeconds / (end - first - 1);
  const thresholdSeconds = averageSeconds * EXTRAPOLATION_THRESHOLD;
  let toStartSeconds = (firstMs - input.startMs) / 1000;
  let toEndSeconds = (input.endMs - lastMs) / 1000;
  if (toStartSeconds >= thresholdSeconds) toStartSeconds = averageSeconds / 2;
  if (counter && change > 0 && values[first]! >= 0) {
    const toZeroSeconds = sampledSeconds * (values[first]! / change);
    if (toZeroSeconds < toStartSeconds) toStartSeconds = toZeroSeconds;
  }
  if (toEndSeconds >= thresholdSeconds) toEndSeconds = averageSeconds / 2;
  const factor = (sampledSeconds + toStartSeconds + toEndSeconds) / sampledSeconds;
  return change * (factor / perSeconds);
}

/**
 * An event is no counter that stands at 1: it adds 1. So the increase of a stream is how many there
 * are in the range, of which nothing is known by extrapolation. A departure from Prometheus, which
 * has no events.
 */
function increase(input: RangeInput): number | undefined {
  return input.isEvents ? input.end - input.first : extrapolatedChange(input, true);
}

function rate(input: RangeInput): number | undefined {
  const seconds = (input.endMs - input.startMs) / 1000;
  if (input.isEvents) return (input.end - input.first) / seconds;
  return extrapolatedChange(input, true, seconds);
}

/** One event in the time since the one before; two at one ms are taken to be one apart. */
function irate(input: RangeInput): number | undefined {
  const { isEvents, timestampsMs, first, end } = input;
  if (!isEvents) return instantChange(input, true);
  if (end - first < 2) return undefined;
  return 1000 / Math.max(1, timestampsMs[end - 1]! - timestampsMs[end - 2]!);
}

/** From the last two points only. */
function instantChange(input: RangeInput, counter: boolean): number | undefined {
  const { values, timestampsMs, end } = input;
  if (end - input.first < 2) return undefined;
  const last = values[end - 1]!;
  const before = values[end - 2]!;
  const change = counter && last < before ? last : last - before;
  return counter ? change / ((timestampsMs[end - 1]! - timestampsMs[end - 2]!) / 1000) : change;
}

/** How many points differ from the one before, by `differs`. */
function countSteps(
  input: RangeInput,
  differs: (value: number, before: number) => boolean,
): number | undefined {
  if (input.end === input.first) return undefined;
  let count = 0;
  for (let i = input.first + 1; i < input.end; i++) {
    if (differs(input.values[i]!, input.values[i - 1]!)) count++;
  }
  return count;
}

/** Least squares through the points; x is seconds since `originMs`. */
function regression(input: RangeInput, originMs: number): { slope: number; intercept: number } {
  const { timestampsMs, values, first, end } = input;
  const [sumX, sumY, sumXY, sumX2] = Array.from({ length: 4 }, createKahanSum);
  const firstY = values[first]!;
  let constant = true;
  for (let i = first; i < end; i++) {
    const x = (timestampsMs[i]! - originMs) / 1000;
    const y = values[i]!;
    if (y !== firstY) constant = false;
    kahanAdd(sumX!, x);
    kahanAdd(sumY!, y);
    kahanAdd(sumXY!, x * y);
    kahanAdd(sumX2!, x * x);
  }
  if (constant) {
    if (Number.isFinite(firstY)) return { slope: 0, intercept: firstY };
    return { slope: NaN, intercept: NaN };
  }
  const n = end - first;
  const x = kahanTotal(sumX!);
  const y = kahanTotal(sumY!);
  const slope = (kahanTotal(sumXY!) - (x * y) / n) / (kahanTotal(sumX2!) - (x * x) / n);
  return { slope, intercept: y / n - (slope * x) / n };
}

function predictLinear(input: RangeInput, parameters: readonly number[]): number | undefined {
  if (input.end - input.first < 2) return undefined;
  const { slope, intercept } = regression(input, input.timeMs);
  return slope * parameters[0]! + intercept;
}

function deriv(input: RangeInput): number | undefined {
  if (input.end - input.first < 2) return undefined;
  return regression(input, input.timestampsMs[input.first]!).slope;
}

/** Holt's linear method: a smoothed level and a smoothed trend. */
function doubleExponentialSmoothing(
  input: RangeInput,
  parameters: readonly number[],
): number | undefined {
  const [smoothing, trending] = parameters as [number, number];
  checkFactor('smoothing', smoothing);
  checkFactor('trend', trending);
  const { values, first, end } = input;
  if (end - first < 2) return undefined;
  let before = 0;
  let level = values[first]!;
  let trend = values[first + 1]! - values[first]!;
  for (let i = first + 1; i < end; i++) {
    if (i > first + 1) trend = trending * (level - before) + (1 - trending) * trend;
    before = level;
    level = smoothing * values[i]! + (1 - smoothing) * (level + trend);
  }
  return level;
}

function checkFactor(name: string, factor: number): void {
  if (factor > 0 && factor < 1) return;
  throw new QueryError(
    'execution',
    `invalid ${name} factor. Expected: 0 < ${name[0]}f < 1, got: ${factor.toFixed(6)}`,
  );
}

export const RATE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate,
  increase,
  delta: (input) => extrapolatedChange(input, false),
  irate,
  idelta: (input) => instantChange(input, false),
  resets: (input) => countSteps(input, (value, before) => value < before),
  changes: (input) =>
    countSteps(
      input,
      (value, before) => value !== before && !(Number.isNaN(value) && Number.isNaN(before)),
    ),
  deriv,
  predict_linear: predictLinear,
  double_exponential_smoothing: doubleExponentialSmoothing,
};
