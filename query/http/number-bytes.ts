// Floats as bytes of JSON, without a string for each: of big answers, strings of numbers and what
// becomes of them take most of the time.
//
// The shortest digits that read back the same, for values between 1e-6 and 1e15. A value times the
// power of ten that makes it an integer of 17 digits is known exactly, as a double and what that
// lacks (Dekker's product). Whatever lies within half a unit in the last place reads back the same;
// that is less than 12 to either side. If a multiple of 100 is within it is the shortest by itself,
// then the nearest multiple of 10; the nearest integer always is. What is too close to the edge to
// tell, or out of range, goes the way of `formatJson`.

import { formatJson } from '../float.ts';

/** What one number takes at most: 17 digits, a sign, a point and zeros, or an exponent. */
export const NUMBER_BYTES_MAX = 32;

const SMALLEST = 1e-6;
const LARGEST = 1e15;
/** Integers below it have nine digits at most. */
const SMALL_INTEGER_END = 1e9;
const DIGITS = 17;
/** Of the digits, those that are kept in a number of their own. */
const LOW_DIGITS = 8;
const LOW_UNIT = 1e8;
/** Many times what the sums below are off by, which are of numbers below 1e8. */
const DOUBT = 1e-6;

/** All of them are exact. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** From 1e-6 on: where the next digit before the point begins. */
const THRESHOLDS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i - 6}`));
/** By the biased exponent of a double, half a unit in its last place. */
const HALF_UNITS = Float64Array.from({ length: 2048 }, (_, biased) => 2 ** (biased - 1076));
const LOG10_OF_2 = Math.log10(2);
/** Veltkamp's: splits a double into two of 26 bits. */
const SPLITTER = 2 ** 27 + 1;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Of the numbers up to 99, their two digits: the first one in the high byte. */
const PAIRS = Uint16Array.from({ length: 100 }, (_, i) => {
  return ((ZERO + Math.floor(i / 10)) << 8) | (ZERO + (i % 10));
});

/** Writes what `formatJson` gives to bytes[at], where there is room; returns the end of it. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    const end = writePositive(bytes, at + 1, -value);
    if (end < 0) return writeText(bytes, at, formatJson(value));
    bytes[at] = MINUS;
    return end;
  }
  const end = writePositive(bytes, at, value);
  return end < 0 ? writeText(bytes, at, formatJson(value)) : end;
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Returns -1 for what is to be written otherwise: NaN and -0 among it. */
function writePositive(bytes: Uint8Array, at: number, value: number): number {
  if (value < SMALL_INTEGER_END) {
    const integer = value | 0;
    if (integer === value && integer !== 0) return writeInteger(bytes, at, integer);
  }
  if (!(value >= SMALLEST && value < LARGEST)) return -1;
  double[0] = value;
  const high = words[1]!;
  const biased = high >>> 20;
  let magnitude = Math.floor((biased - 1023) * LOG10_OF_2);
  if (value >= THRESHOLDS[magnitude + 7]!) magnitude++;
  const scale = POWERS[DIGITS - 1 - magnitude]!;
  const product = value * scale;
  const lacking = missingOf(value, scale, product);

  let upper = Math.floor(product / LOW_UNIT);
  const rest = product - upper * LOW_UNIT + lacking;
  let lower = Math.round(rest) | 0;
  const fraction = rest - lower;
  if (lower < 0) {
    upper--;
    lower = (lower + LOW_UNIT) | 0;
  }
  const isPowerOfTwo = words[0] === 0 && (high & 0xf_ffff) === 0;
  // Below a power of two doubles lie half as far apart.
  const reach = HALF_UNITS[biased]! * scale * (isPowerOfTwo ? 0.5 : 1);
  const beyond = stepsBeyond(lower, fraction, reach);
  if (Number.isNaN(beyond) || (isPowerOfTwo && (lower - beyond) % 100 !== 0)) return -1;
  lower -= beyond;
  if (lower === LOW_UNIT) {
    upper++;
    lower = 0;
  }
  return placeDigits(bytes, at, upper, lower, magnitude);
}

/** How far an integer is beyond the one to be written; NaN where that is too close to tell. */
function stepsBeyond(integer: number, fraction: number, reach: number): number {
  // In integers: the remainder of doubles takes longer than all the rest.
  const last = ((integer | 0) % 100) | 0;
  const beyondHundred = last > 50 ? last - 100 : last;
  const toHundred = Math.abs(beyondHundred + fraction) - reach;
  if (toHundred < -DOUBT) return beyondHundred;
  if (toHundred < DOUBT) return NaN;
  const digit = (last % 10) | 0;
  const beyondTen = digit > 5 || (digit === 5 && fraction > 0) ? digit - 10 : digit;
  const distance = Math.abs(beyondTen + fraction);
  if (distance < reach - DOUBT) return distance < 5 - DOUBT ? beyondTen : NaN;
  if (distance < reach + DOUBT) return NaN;
  return Math.abs(fraction) < 0.5 - DOUBT ? 0 : NaN;
}

/** What `product` lacks of value * scale, exactly. */
function missingOf(value: number, scale: number, product: number): number {
  const a = SPLITTER * value;
  const valueHigh = a - (a - value);
  const valueLow = value - valueHigh;
  const b = SPLITTER * scale;
  const scaleHigh = b - (b - scale);
  const scaleLow = scale - scaleHigh;
  const crossed = valueHigh * scaleHigh - product + valueHigh * scaleLow + valueLow * scaleHigh;
  return crossed + valueLow * scaleLow;
}

/** 17 digits, of which the first has the value 10 ** magnitude; zeros at their end are left out. */
function placeDigits(
  bytes: Uint8Array,
  at: number,
  upper: number,
  lower: number,
  magnitude: number,
): number {
  let start = at;
  if (magnitude < 0) {
    bytes[start++] = ZERO;
    bytes[start++] = POINT;
    for (let i = -1; i > magnitude; i--) bytes[start++] = ZERO;
  } else {
    start++;
  }
  writeDigits(bytes, start, DIGITS - LOW_DIGITS, upper);
  let end = start + DIGITS - LOW_DIGITS;
  if (lower !== 0) {
    writeDigits(bytes, end, LOW_DIGITS, lower);
    end += LOW_DIGITS;
  }
  while (bytes[end - 1] === ZERO) end--;
  if (magnitude < 0) return end;
  const whole = magnitude + 1;
  for (let i = 0; i < whole; i++) bytes[at + i] = bytes[start + i]!;
  const point = at + whole;
  // Zeros before the point count.
  for (let i = end - 1; i < point; i++) bytes[i] = ZERO;
  if (end <= point + 1) return point;
  bytes[point] = POINT;
  return end;
}

/** `count` digits, zeros in front. In integers, two at a time: the larger half of all the work. */
function writeDigits(bytes: Uint8Array, at: number, count: number, integer: number): void {
  let rest = integer | 0;
  let i = at + count;
  while (i > at + 1) {
    const hundredth = (rest / 100) | 0;
    const pair = PAIRS[rest - hundredth * 100]!;
    bytes[--i] = pair & 0xff;
    bytes[--i] = pair >> 8;
    rest = hundredth;
  }
  if (i > at) bytes[at] = ZERO + rest;
}

/** Positive, below 1e9. */
function writeInteger(bytes: Uint8Array, at: number, integer: number): number {
  let count = 1;
  while (integer >= POWERS[count]!) count++;
  writeDigits(bytes, at, count, integer);
  return at + count;
}
