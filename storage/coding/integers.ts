// Columns of integers within +-2^50, with exact float64 arithmetic. See prediction.ts.

import type { Prediction } from './prediction.ts';
import type { Residuals } from './residuals.ts';

const WORD = 2 ** 32;

/** Residuals of x[0, count), count > 0. */
export function toResiduals(
  x: Float64Array,
  count: number,
  prediction: Prediction,
  into: Residuals,
): void {
  into.highMask = 0;
  const mask = shortResiduals(x, count, prediction, into.low);
  if (mask === undefined) longResiduals(x, count, prediction, into);
  else into.lowMask = mask;
}

/** Returns the mask of the words, or undefined when a residual does not fit 32 bits. */
function shortResiduals(
  x: Float64Array,
  count: number,
  prediction: Prediction,
  words: Uint32Array,
): number | undefined {
  switch (prediction.order) {
    case 0:
      return residualsOfLine(x, count, prediction.base, prediction.slope, words);
    case 1:
      return residualsOfSteps(x, count, prediction.slope, words);
    case 2:
      return residualsOfBends(x, count, words);
  }
}

function residualsOfLine(
  x: Float64Array,
  count: number,
  base: number,
  slope: number,
  words: Uint32Array,
): number | undefined {
  let mask = 0;
  for (let i = 0; i < count; i++) {
    const residual = x[i]! - base - i * slope;
    const short = residual | 0;
    if (short !== residual) return undefined;
    words[i] = (short << 1) ^ (short >> 31);
    mask |= words[i]!;
  }
  return mask;
}

function residualsOfSteps(
  x: Float64Array,
  count: number,
  slope: number,
  words: Uint32Array,
): number | undefined {
  let mask = 0;
  let before = x[0]!;
  for (let i = 1; i < count; i++) {
    const residual = x[i]! - before - slope;
    const short = residual | 0;
    if (short !== residual) return undefined;
    before = x[i]!;
    words[i - 1] = (short << 1) ^ (short >> 31);
    mask |= words[i - 1]!;
  }
  return mask;
}

function residualsOfBends(x: Float64Array, count: number, words: Uint32Array): number | undefined {
  let mask = 0;
  let before = x[1]!;
  let step = x[1]! - x[0]!;
  for (let i = 2; i < count; i++) {
    const stepNow = x[i]! - before;
    const residual = stepNow - step;
    const short = residual | 0;
    if (short !== residual) return undefined;
    before = x[i]!;
    step = stepNow;
    words[i - 2] = (short << 1) ^ (short >> 31);
    mask |= words[i - 2]!;
  }
  return mask;
}

/** The rare column with a residual of more than 32 bits, such as a large counter's reset. */
function longResiduals(
  x: Float64Array,
  count: number,
  prediction: Prediction,
  into: Residuals,
): void {
  const { order, base, slope } = prediction;
  let lowMask = 0;
  let highMask = 0;
  for (let i = order; i < count; i++) {
    let residual = x[i]! - base - i * slope;
    if (order === 1) residual = x[i]! - x[i - 1]! - slope;
    if (order === 2) residual = x[i]! - x[i - 1]! - (x[i - 1]! - x[i - 2]!);
    const zigzag = residual < 0 ? -2 * residual - 1 : 2 * residual;
    const high = Math.floor(zigzag / WORD);
    into.low[i - order] = zigzag - high * WORD;
    into.high[i - order] = high;
    lowMask |= into.low[i - order]!;
    highMask |= high;
  }
  into.lowMask = lowMask;
  into.highMask = highMask;
}

/** The inverse: x[0, count), each divided by `unit`. `long`: whether there are high words. */
export function fromResiduals(
  residuals: Residuals,
  count: number,
  prediction: Prediction,
  long: boolean,
  unit: number,
  x: Float64Array,
): void {
  const { order, base, slope } = prediction;
  if (long) sumOfLong(residuals, count, prediction, x);
  else if (order === 0) sumOfLine(residuals.low, count, base, slope, x);
  else if (order === 1) sumOfSteps(residuals.low, count, base, slope, x);
  else sumOfBends(residuals.low, count, base, slope, x);
  if (unit !== 1) for (let i = 0; i < count; i++) x[i] = x[i]! / unit;
}

function sumOfLine(
  words: Uint32Array,
  count: number,
  base: number,
  slope: number,
  x: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const word = words[i]!;
    x[i] = base + i * slope + ((word >>> 1) ^ -(word & 1));
  }
}

function sumOfSteps(
  words: Uint32Array,
  count: number,
  base: number,
  slope: number,
  x: Float64Array,
): void {
  let sum = base;
  x[0] = sum;
  for (let i = 1; i < count; i++) {
    const word = words[i - 1]!;
    sum += slope + ((word >>> 1) ^ -(word & 1));
    x[i] = sum;
  }
}

function sumOfBends(
  words: Uint32Array,
  count: number,
  base: number,
  slope: number,
  x: Float64Array,
): void {
  let sum = base + slope;
  let step = slope;
  x[0] = base;
  x[1] = sum;
  for (let i = 2; i < count; i++) {
    const word = words[i - 2]!;
    step += (word >>> 1) ^ -(word & 1);
    sum += step;
    x[i] = sum;
  }
}

function sumOfLong(
  residuals: Residuals,
  count: number,
  prediction: Prediction,
  x: Float64Array,
): void {
  const { order, base, slope } = prediction;
  let sum = base;
  let step = slope;
  for (let i = 0; i < order; i++) x[i] = base + i * slope;
  if (order === 2) sum += slope;
  for (let i = order; i < count; i++) {
    const low = residuals.low[i - order]!;
    const zigzag = residuals.high[i - order]! * WORD + low;
    const residual = (low & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    if (order === 0) x[i] = base + i * slope + residual;
    else {
      if (order === 1) sum += slope + residual;
      else {
        step += residual;
        sum += step;
      }
      x[i] = sum;
    }
  }
}
