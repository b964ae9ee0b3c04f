// Range functions on how a series changes: from point to point, and straight lines through it.
// Those on the change over the whole range are in change-kernel.ts.

import { QueryError } from '../errors.ts';
import { createKahanSum, kahanAdd, kahanTotal } from './kahan.ts';
import type { RangeFunction, RangeInput } from './range-function.ts';

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

/** Refuses factors of double_exponential_smoothing that are not between 0 and 1, at any step. */
export function checkFactors([smoothing, trending]: readonly Float64Array[]): void {
  for (const factor of smoothing!) checkFactor('smoothing', factor);
  for (const factor of trending!) checkFactor('trend', factor);
}

function checkFactor(name: string, factor: number): void {
  if (factor > 0 && factor < 1) return;
  throw new QueryError(
    'execution',
    `invalid ${name} factor. Expected: 0 < ${name[0]}f < 1, got: ${factor.toFixed(6)}`,
  );
}

export const RATE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  irate: (input) => instantChange(input, true),
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
