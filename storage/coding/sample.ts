// Statistics of a sample of a column, by which its prediction is chosen.

/**
 * Points looked at, and of a short column its half. The median of so many is off by a sixth of a
 * deviation, which costs 0.02 bit a point.
 */
export const SAMPLE = 48;
const SAMPLE_MIN = 12;

const findSpace = new Float64Array(SAMPLE);
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * High words of doubles are logarithms to base 2, linear between powers, in units of 2^-20. Ten
 * times faster than Math.log2 and good enough here.
 */
const UNITS_PER_BIT = 2 ** 20;
const ONE_IN_UNITS = 1023 * UNITS_PER_BIT;

/** Points to look at in a column of `count`. */
export function sampleSize(count: number): number {
  return Math.min(SAMPLE, Math.max(SAMPLE_MIN, count >>> 1));
}

/**
 * The median of the first `taken` of `sample`: one of them, and deaf to resets and gaps. By
 * Hoare's FIND, which is several times faster than sorting through the engine.
 */
export function median(sample: Float64Array, taken: number): number {
  for (let k = 0; k < taken; k++) findSpace[k] = sample[k]!;
  const middle = taken >>> 1;
  let low = 0;
  let high = taken - 1;
  while (low < high) {
    const pivot = findSpace[middle]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (findSpace[i]! < pivot) i++;
      while (findSpace[j]! > pivot) j--;
      if (i > j) break;
      const swapped = findSpace[i]!;
      findSpace[i++] = findSpace[j]!;
      findSpace[j--] = swapped;
    }
    if (j < middle) low = i;
    if (i > middle) high = j;
  }
  return findSpace[middle]!;
}

/**
 * How far the sample lies from `center`: the mean root of distances, which hears resets and gaps
 * little. Of two predictions the one whose residuals are nearer is cheaper; the mean logarithm
 * is closer to what they cost, but as an estimate from so few it is wrong four times as often.
 */
export function spread(sample: Float64Array, taken: number, center: number): number {
  let roots = 0;
  for (let k = 0; k < taken; k++) roots += Math.sqrt(Math.abs(sample[k]! - center));
  return roots / taken;
}

/** Mean of log2(2 |s - center| + 1): typical bits of zigzag residuals. */
export function typicalBits(sample: Float64Array, taken: number, center: number): number {
  let units = 0;
  for (let k = 0; k < taken; k++) {
    double[0] = 2 * Math.abs(sample[k]! - center) + 1;
    units += words[1]! - ONE_IN_UNITS;
  }
  return units / UNITS_PER_BIT / taken;
}
