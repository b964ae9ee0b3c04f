// Columns of any doubles, as the integers their bits are: ordered like the doubles themselves, so
// that close values have small differences. Pairs of 32-bit words, modulo 2^64: every pattern, each
// NaN included, comes back exactly.
//
//   order 0   (x[i] - base) >> shift      order 1   (x[i] - x[i-1]) >> shift
//
// `shift` is how many low bits all of x share (a float32 widened to a double has 29).

import { median } from './prediction.ts';
import type { Residuals } from './residuals.ts';

export interface PatternPrediction {
  order: 0 | 1;
  baseLow: number;
  baseHigh: number;
  shift: number;
  /** Typical bits of a zigzag residual. */
  magnitude: number;
}

const WORD = 2 ** 32;
const SHIFT_ALL = 64;
const SAMPLE = 48;
const levels = new Float64Array(SAMPLE);
const steps = new Float64Array(SAMPLE);

/** Ordered patterns of the doubles whose words are words[0, 2 count), low before high. */
export function toPatterns(
  words: Uint32Array,
  count: number,
  low: Uint32Array,
  high: Uint32Array,
): void {
  for (let i = 0; i < count; i++) {
    const word = words[2 * i + 1]!;
    // A negative double grows as its magnitude shrinks: all bits but the sign are turned over.
    const turned = (word | 0) >> 31;
    low[i] = words[2 * i]! ^ turned;
    high[i] = word ^ (turned >>> 1);
  }
}

/** Chooses for x[0, count), count > 0. */
export function predictPatterns(
  low: Uint32Array,
  high: Uint32Array,
  count: number,
  into: PatternPrediction,
): void {
  into.order = 1;
  into.baseLow = low[0]!;
  into.baseHigh = high[0]!;
  into.shift = sharedLowBits(low, high, count);
  into.magnitude = 0;
  if (into.shift === SHIFT_ALL || count === 1) return;
  const taken = Math.min(SAMPLE, count - 1);
  const stride = (count - 1) / taken;
  for (let k = 0; k < taken; k++) {
    const i = 1 + Math.floor(k * stride);
    levels[k] = (high[i]! | 0) * WORD + low[i]!;
    steps[k] = levels[k]! - ((high[i - 1]! | 0) * WORD + low[i - 1]!);
  }
  const level = median(levels, taken);
  const levelBits = meanBits(levels, taken, level) - into.shift;
  const stepBits = meanBits(steps, taken, 0) - into.shift;
  into.magnitude = clampBits(Math.min(levelBits, stepBits));
  if (levelBits >= stepBits) return;
  into.order = 0;
  setLevel(level, into);
}

/** Low bits that are the same in all of x, 0..64. */
function sharedLowBits(low: Uint32Array, high: Uint32Array, count: number): number {
  let lowMask = 0;
  let highMask = 0;
  for (let i = 1; i < count; i++) {
    lowMask |= low[i]! ^ low[0]!;
    highMask |= high[i]! ^ high[0]!;
  }
  if (lowMask !== 0) return trailingZeros(lowMask);
  return highMask === 0 ? SHIFT_ALL : 32 + trailingZeros(highMask);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Mean of log2(2 |s - center| + 1): what the zigzag residuals cost. */
function meanBits(sample: Float64Array, taken: number, center: number): number {
  let bits = 0;
  for (let k = 0; k < taken; k++) bits += Math.log2(2 * Math.abs(sample[k]! - center) + 1);
  return bits / taken;
}

function clampBits(bits: number): number {
  return Math.max(1, Math.min(64, Math.round(bits)));
}

/** Takes `level`, to 53 bits, as the base, with the low bits that all of x share. */
function setLevel(level: number, into: PatternPrediction): void {
  const keptLow = into.shift >= 32 ? -1 : (1 << into.shift) - 1;
  const keptHigh = into.shift > 32 ? (1 << (into.shift - 32)) - 1 : 0;
  const high = Math.floor(level / WORD);
  const low = level - high * WORD;
  into.baseLow = ((low & ~keptLow) | (into.baseLow & keptLow)) >>> 0;
  into.baseHigh = ((high & ~keptHigh) | (into.baseHigh & keptHigh)) >>> 0;
}

/** Residuals of x[0, count): `count` at order 0, one fewer at order 1. */
export function toPatternResiduals(
  low: Uint32Array,
  high: Uint32Array,
  count: number,
  prediction: PatternPrediction,
  into: Residuals,
): void {
  const { order, shift } = prediction;
  let beforeLow = prediction.baseLow;
  let beforeHigh = prediction.baseHigh;
  let lowMask = 0;
  let highMask = 0;
  for (let i = order; i < count; i++) {
    const wordLow = low[i]!;
    const wordHigh = high[i]!;
    const differenceLow = (wordLow - beforeLow) >>> 0;
    const differenceHigh = (wordHigh - beforeHigh - (wordLow < beforeLow ? 1 : 0)) | 0;
    if (order === 1) {
      beforeLow = wordLow;
      beforeHigh = wordHigh;
    }
    const shiftedLow = shiftLow(differenceLow, differenceHigh, shift);
    const shiftedHigh = shift < 32 ? differenceHigh >> shift : differenceHigh >> 31;
    const sign = shiftedHigh >> 31;
    const zigzagLow = (shiftedLow << 1) ^ sign;
    const zigzagHigh = ((shiftedHigh << 1) | (shiftedLow >>> 31)) ^ sign;
    into.low[i - order] = zigzagLow;
    into.high[i - order] = zigzagHigh;
    lowMask |= zigzagLow;
    highMask |= zigzagHigh;
  }
  into.lowMask = lowMask;
  into.highMask = highMask;
}

/** The low word of the 64-bit difference shifted right by 0..63. */
function shiftLow(low: number, high: number, shift: number): number {
  if (shift === 0) return low;
  if (shift < 32) return (low >>> shift) | (high << (32 - shift));
  return high >> (shift - 32);
}

/** The inverse of both: words of doubles into words[0, 2 count). */
export function fromPatternResiduals(
  residuals: Residuals,
  count: number,
  prediction: PatternPrediction,
  words: Uint32Array,
): void {
  const { order, shift, baseLow, baseHigh } = prediction;
  let beforeLow = baseLow;
  let beforeHigh = baseHigh;
  if (order === 1) {
    const turned = (baseHigh | 0) >> 31;
    words[0] = baseLow ^ turned;
    words[1] = baseHigh ^ (turned >>> 1);
  }
  for (let i = order; i < count; i++) {
    const zigzagLow = residuals.low[i - order]!;
    const zigzagHigh = residuals.high[i - order]!;
    const sign = -(zigzagLow & 1);
    let low = ((zigzagLow >>> 1) | (zigzagHigh << 31)) ^ sign;
    let high = (zigzagHigh >>> 1) ^ sign;
    if (shift !== 0) {
      high = shift < 32 ? (high << shift) | (low >>> (32 - shift)) : low << (shift - 32);
      low = shift < 32 ? low << shift : 0;
    }
    const sumLow = ((low >>> 0) + beforeLow) >>> 0;
    const sumHigh = (high + beforeHigh + (sumLow < beforeLow ? 1 : 0)) >>> 0;
    const turned = (sumHigh | 0) >> 31;
    words[2 * i] = sumLow ^ turned;
    words[2 * i + 1] = sumHigh ^ (turned >>> 1);
    if (order === 1) {
      beforeLow = sumLow;
      beforeHigh = sumHigh;
    }
  }
}
