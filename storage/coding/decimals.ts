// Doubles that are decimals, such as 21.5 or 99.97: m / 10^exponent with an integer m. The test is
// exact: m / 10^exponent, rounded as division is, must give back the very same bits. What fails
// it in a column that mostly passes (NaN, infinities, -0, an odd value) is an exception.
//
// After ALP (Afroozeh, Kuffo, Boncz, SIGMOD 2024), with a division for its two multiplications.
//
// Integers that share their low bits being zero, such as sizes of memory in pages, lose those bits:
// m 2^shift. A scale stands for either: 0 .. 15 is an exponent of ten, 15 + s a shift by s.

/** Digits after the point that are tried. */
export const EXPONENT_MAX = 15;

/** Bound of m, and of every integer column with float64 arithmetic: sums of a few stay exact. */
export const INTEGER_MAX = 2 ** 50;

const SHIFT_MAX = 31;
export const SCALE_MAX = EXPONENT_MAX + SHIFT_MAX;

/** By scale, what m is divided by: powers of ten, which are exact up to 10^22, then of 1/2. */
export const UNITS = Float64Array.from({ length: SCALE_MAX + 1 }, (_, scale) => {
  return scale <= EXPONENT_MAX ? 10 ** scale : 2 ** (EXPONENT_MAX - scale);
});

/** Values looked at to guess the exponent, and how many of them may be exceptions. */
const SAMPLE = 16;
const SAMPLE_SPARE = 2;

/** Above this share of exceptions a column is stored as bit patterns: they take 10 B each. */
const EXCEPTION_SHARE = 1 / 8;

/** Above this share a few digits more for all values are cheaper than the exceptions they save. */
const RAISE_SHARE = 1 / 32;
const RAISE_DIGITS_MAX = 4;

const NONE = EXPONENT_MAX + 1;
const needs = new Uint32Array(NONE + 1);

/** Positions in a column whose values are stored apart. */
export interface Exceptions {
  readonly positions: Uint16Array;
  count: number;
}

/**
 * Writes m for values[0, count) to `integers`, and returns the scale, or undefined when the column
 * is not one of decimals. At an exception m repeats its neighbour.
 */
export function toDecimals(
  values: Float64Array,
  count: number,
  integers: Float64Array,
  exceptions: Exceptions,
): number | undefined {
  let exponent = guessExponent(values, count);
  while (exponent !== undefined) {
    const next = scaleBy(values, count, exponent, integers, exceptions);
    if (next === exponent) return exponent === 0 ? shiftOut(integers, count) : exponent;
    exponent = next === NONE ? undefined : next;
  }
  return undefined;
}

/** Shifts the low bits out that are zero in all integers; returns the scale. */
function shiftOut(integers: Float64Array, count: number): number {
  let mask = 0;
  for (let i = 0; i < count; i++) mask |= integers[i]!;
  if (mask === 0 || (mask & 1) !== 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const unit = 2 ** -shift;
  for (let i = 0; i < count; i++) integers[i] = integers[i]! * unit;
  return EXPONENT_MAX + shift;
}

/** The least exponent that suits nearly all of a sample. */
function guessExponent(values: Float64Array, count: number): number | undefined {
  const taken = Math.min(SAMPLE, count);
  const spare = Math.floor((taken * SAMPLE_SPARE) / SAMPLE);
  const stride = count / taken;
  needs.fill(0);
  let least = 0;
  for (let k = 0; k < taken; k++) {
    // Most values of a column need as many digits as the one before, or fewer.
    const need = exponentOf(values[Math.floor(k * stride)]!, least);
    needs[need]!++;
    if (need < NONE && need > least) least = need;
    if (needs[NONE]! > spare) return undefined;
  }
  let above = needs[NONE]!;
  for (let exponent = EXPONENT_MAX; exponent > 0; exponent--) {
    above += needs[exponent]!;
    if (above > spare) return exponent;
  }
  return 0;
}

/** The least exponent from `from` on that gives `value` exactly, or NONE. */
function exponentOf(value: number, from: number): number {
  for (let exponent = from; exponent <= EXPONENT_MAX; exponent++) {
    const power = UNITS[exponent]!;
    const m = Math.round(value * power);
    if (!(Math.abs(m) <= INTEGER_MAX)) return NONE;
    if (m / power === value) return exponent;
  }
  return NONE;
}

/** Returns the exponent when it serves, else the next one to try, or NONE. */
function scaleBy(
  values: Float64Array,
  count: number,
  exponent: number,
  integers: Float64Array,
  exceptions: Exceptions,
): number {
  const power = UNITS[exponent]!;
  const raiseAbove = count * RAISE_SHARE;
  const countMax = Math.floor(count * EXCEPTION_SHARE);
  let found = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const m = Math.round(value * power);
    if (
      m / power === value &&
      m <= INTEGER_MAX &&
      m >= -INTEGER_MAX &&
      (m !== 0 || 1 / value > 0)
    ) {
      if (found === i) integers.fill(m, 0, i);
      before = m;
    } else {
      if (found >= raiseAbove) {
        const next = exponentOf(value, exponent + 1);
        if (next <= exponent + RAISE_DIGITS_MAX && next !== NONE) return next;
      }
      if (found === countMax) return NONE;
      exceptions.positions[found++] = i;
    }
    integers[i] = before;
  }
  exceptions.count = found;
  return exponent;
}
