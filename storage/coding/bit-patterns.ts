// Columns of any doubles, as the integers their bits are: ordered like the doubles themselves, so
// that close values have small differences. Pairs of 32-bit words, modulo 2^64: every pattern, each
// NaN included, comes back exactly.
//
//   order 0   x[i] - base       noise around a level
//   order 1   x[i] - x[i-1]     a walk
//
// Before that, x is shifted right by as many low bits as all of it share: a float32 widened to a
// double has 29 of them. They come back from the base, which is kept whole.

import { MAGNITUDE_MAX } from './planes.ts';
import type { Residuals } from './residuals.ts';
import { median, SAMPLE, sampleSize, spread, typicalBits } from './sample.ts';

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
  const taken = Math.min(sampleSize(count), count - 1);
  const stride = (count - 1) / taken;
  for (let k = 0; k < taken; k++) {
    const i = 1 + Math.floor(k * stride);
    levels[k] = (high[i]! | 0) * WORD + low[i]!;
    steps[k] = levels[k]! - ((high[i - 1]! | 0) * WORD + low[i - 1]!);
  }
  const level = median(levels, taken);
  const isNoise = spread(levels, taken, level) < spread(steps, taken, 0);
  const bits = isNoise ? typicalBits(levels, taken, level) : typicalBits(steps, taken, 0);
  into.magnitude = Math.max(1, Math.min(MAGNITUDE_MAX, Math.round(bits - into.shift)));
  if (!isNoise) return;
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

/** Takes `level`, to 53 bits, as the base, with the low bits that all of x share (0 .. 63). */
function setLevel(level: number, into: PatternPrediction): void {
  const keptLow = into.shift >= 32 ? -1 : (1 << into.shift) - 1;
  const keptHigh = into.shift > 32 ? (1 << (into.shift - 32)) - 1 : 0;
  const high = Math.floor(level / WORD);
  const low = level - high * WORD;
  into.baseLow = ((low & ~keptLow) | (into.baseLow & keptLow)) >>> 0;
  into.baseHigh = ((high & ~keptHigh) | (into.baseHigh & keptHigh)) >>> 0;
}

/** Residuals of x[0, count): `count` at order 0, one fewer at order 1. Shifts x in place. */
export function toPatternResiduals(
  low: Uint32Array,
  high: Uint32Array,
  count: number,
  prediction: PatternPrediction,
  into: Residuals,
): void {
  const { order, baseLow, baseHigh, shift } = prediction;
  if (shift > 0) for (let i = 0; i < count; i++) shiftRight(low, high, i, shift);
  let beforeLow = rightLow(baseLow, baseHigh, shift) | 0;
  let beforeHigh = rightHigh(baseHigh, shift) | 0;
  let lowMask = 0;
  let highMask = 0;
  for (let i = order; i < count; i++) {
    const wordLow = low[i]! | 0;
    const wordHigh = high[i]! | 0;
    const differenceLow = (wordLow - beforeLow) | 0;
    const borrow = carryOf(differenceLow, beforeLow, wordLow);
    const differenceHigh = (wordHigh - beforeHigh - borrow) | 0;
    const sign = differenceHigh >> 31;
    const zigzagLow = (differenceLow << 1) ^ sign;
    const zigzagHigh = ((differenceHigh << 1) | (differenceLow >>> 31)) ^ sign;
    into.low[i - order] = zigzagLow;
    into.high[i - order] = zigzagHigh;
    lowMask |= zigzagLow;
    highMask |= zigzagHigh;
    if (order === 1) {
      beforeLow = wordLow;
      beforeHigh = wordHigh;
    }
  }
  into.lowMask = lowMask;
  into.highMask = highMask;
}

function shiftRight(low: Uint32Array, high: Uint32Array, i: number, shift: number): void {
  low[i] = rightLow(low[i]!, high[i]!, shift);
  high[i] = rightHigh(high[i]!, shift);
}

/** Words of a 64-bit integer shifted right by 0 .. 64, zeros moving in. */
function rightLow(low: number, high: number, shift: number): number {
  if (shift === 0) return low;
  if (shift < 32) return ((low >>> shift) | (high << (32 - shift))) >>> 0;
  return shift < 64 ? high >>> (shift - 32) : 0;
}

function rightHigh(high: number, shift: number): number {
  return shift < 32 ? high >>> shift : 0;
}

/** The inverse of all: words of doubles into words[0, 2 count), low before high. */
export function fromPatternResiduals(
  residuals: Residuals,
  count: number,
  prediction: PatternPrediction,
  words: Uint32Array,
): void {
  const { order, baseLow, baseHigh, shift } = prediction;
  const startLow = rightLow(baseLow, baseHigh, shift);
  const startHigh = rightHigh(baseHigh, shift);
  if (order === 0) sumAround(residuals, count, startLow, startHigh, words);
  else sumAlong(residuals, count, startLow, startHigh, words);
  if (shift > 0) shiftLeft(words, count, baseLow, baseHigh, shift);
  turnNegatives(words, count);
}

function turnNegatives(words: Uint32Array, count: number): void {
  for (let i = 1; i < 2 * count; i += 2) {
    const turned = (words[i]! | 0) >> 31;
    words[i - 1]! ^= turned;
    words[i]! ^= turned >>> 1;
  }
}

function sumAround(
  residuals: Residuals,
  count: number,
  baseLow: number,
  baseHigh: number,
  words: Uint32Array,
): void {
  const { low, high } = residuals;
  for (let i = 0; i < count; i++) {
    const zigzagLow = low[i]! | 0;
    const zigzagHigh = high[i]! | 0;
    const sign = -(zigzagLow & 1);
    const difference = ((zigzagLow >>> 1) | (zigzagHigh << 31)) ^ sign;
    const sum = (difference + baseLow) | 0;
    words[2 * i] = sum;
    words[2 * i + 1] = ((zigzagHigh >>> 1) ^ sign) + baseHigh + carryOf(difference, baseLow, sum);
  }
}

function sumAlong(
  residuals: Residuals,
  count: number,
  baseLow: number,
  baseHigh: number,
  words: Uint32Array,
): void {
  const { low, high } = residuals;
  let sumLow = baseLow | 0;
  let sumHigh = baseHigh | 0;
  words[0] = sumLow;
  words[1] = sumHigh;
  for (let i = 1; i < count; i++) {
    const zigzagLow = low[i - 1]! | 0;
    const zigzagHigh = high[i - 1]! | 0;
    const sign = -(zigzagLow & 1);
    const difference = ((zigzagLow >>> 1) | (zigzagHigh << 31)) ^ sign;
    const sum = (difference + sumLow) | 0;
    sumHigh = (((zigzagHigh >>> 1) ^ sign) + sumHigh + carryOf(difference, sumLow, sum)) | 0;
    sumLow = sum;
    words[2 * i] = sumLow;
    words[2 * i + 1] = sumHigh;
  }
}

/** The carry of a + b = sum, 32-bit words: comparing them as unsigned costs a conversion each. */
function carryOf(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** Shifts words back, and puts the low bits of the base behind them. */
function shiftLeft(
  words: Uint32Array,
  count: number,
  baseLow: number,
  baseHigh: number,
  shift: number,
): void {
  const keptLow = shift >= 32 ? baseLow : baseLow & ((1 << shift) - 1);
  const keptHigh = shift === 64 ? baseHigh : shift > 32 ? baseHigh & ((1 << (shift - 32)) - 1) : 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (shift < 32) {
      words[2 * i] = (low << shift) | keptLow;
      words[2 * i + 1] = (high << shift) | (low >>> (32 - shift));
    } else {
      words[2 * i] = keptLow;
      words[2 * i + 1] = (shift < 64 ? low << (shift - 32) : 0) | keptHigh;
    }
  }
}
