// How a column of integers is predicted, chosen from a sample. What is stored are residuals:
//
//   order 0   x[i] - (base + i * slope)                 noise around a level or a line
//   order 1   x[i] - x[i-1] - slope                     a walk, a counter
//   order 2   (x[i] - x[i-1]) - (x[i-1] - x[i-2])       a rate that drifts
//
// The choice minimizes the mean logarithm of the residuals, which is what they cost behind an
// entropy coder.

export type Order = 0 | 1 | 2;

export interface Prediction {
  order: Order;
  /** Order 0: the level at i = 0. Orders 1 and 2: x[0]. */
  base: number;
  /** Orders 0 and 1: the slope. Order 2: x[1] - x[0]. */
  slope: number;
  /** Typical bits of a zigzag residual. */
  magnitude: number;
}

/**
 * Points looked at, and of a short column its half. The median of so many is off by a sixth of a
 * deviation, which costs 0.02 bit a point.
 */
export const SAMPLE = 48;
const SAMPLE_MIN = 12;

const levels = new Float64Array(SAMPLE);
const steps = new Float64Array(SAMPLE);
const bends = new Float64Array(SAMPLE);
const positions = new Uint32Array(SAMPLE);
const findSpace = new Float64Array(SAMPLE);
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** A line that rises further than this could take sums out of the integers a double holds. */
const RISE_MAX = 2 ** 50;

/**
 * High words of doubles are logarithms to base 2, linear between powers, in units of 2^-20. Ten
 * times faster than Math.log2 and as good for a comparison.
 */
const UNITS_PER_BIT = 2 ** 20;
const ONE_IN_UNITS = 1023 * UNITS_PER_BIT;

/**
 * Chooses for x[0, count), integers within +-2^50. `trend`: order 0 is a line, which timestamps
 * with jitter lie along, and not a level.
 */
export function predict(x: Float64Array, count: number, trend: boolean, into: Prediction): void {
  into.order = 1;
  into.base = x[0]!;
  into.slope = count > 1 ? x[1]! - x[0]! : 0;
  into.magnitude = 0;
  if (count <= 2) return;
  const taken = takeSample(x, count);
  into.slope = median(steps, taken);
  let cost = meanBits(steps, taken, into.slope);
  if (!trend) cost = tryLevel(taken, cost, into);
  const bendCost = meanBits(bends, taken, 0);
  if (bendCost < cost) {
    into.order = 2;
    into.base = x[0]!;
    into.slope = x[1]! - x[0]!;
    cost = bendCost;
  }
  if (trend && cost > 0) cost = tryLine(x, count, taken, cost, into);
  into.magnitude = Math.round(cost);
}

/** Points to look at in a column of `count`. */
export function sampleSize(count: number): number {
  return Math.min(SAMPLE, Math.max(SAMPLE_MIN, count >>> 1));
}

function takeSample(x: Float64Array, count: number): number {
  const taken = Math.min(sampleSize(count), count - 2);
  const stride = (count - 2) / taken;
  for (let k = 0; k < taken; k++) {
    const i = 2 + Math.floor(k * stride);
    const step = x[i]! - x[i - 1]!;
    positions[k] = i;
    levels[k] = x[i]!;
    steps[k] = step;
    bends[k] = step - (x[i - 1]! - x[i - 2]!);
  }
  return taken;
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

/** Mean over the sample of log2(2 |s - center| + 1): bits that zigzag residuals cost. */
export function meanBits(sample: Float64Array, taken: number, center: number): number {
  let units = 0;
  for (let k = 0; k < taken; k++) {
    double[0] = 2 * Math.abs(sample[k]! - center) + 1;
    units += words[1]! - ONE_IN_UNITS;
  }
  return units / UNITS_PER_BIT / taken;
}

function tryLevel(taken: number, best: number, into: Prediction): number {
  const level = median(levels, taken);
  const cost = meanBits(levels, taken, level);
  if (cost >= best) return best;
  into.order = 0;
  into.base = level;
  into.slope = 0;
  return cost;
}

/**
 * Tries the least-squares line; one a whole number of seconds steep when that is as good, because
 * clocks are set so and the estimate is not exact.
 */
function tryLine(
  x: Float64Array,
  count: number,
  taken: number,
  best: number,
  into: Prediction,
): number {
  const steep = leastSquaresSlope(x, count);
  const seconds = Math.round(steep / 1000) * 1000;
  const off = (Math.abs(seconds - steep) * count) / 2;
  const slope = off <= 2 ** best ? seconds : Math.round(steep);
  if (Math.abs(slope) * count > RISE_MAX) return best;
  for (let k = 0; k < taken; k++) levels[k] = x[positions[k]!]! - positions[k]! * slope;
  const base = median(levels, taken);
  const cost = meanBits(levels, taken, base);
  if (cost >= best) return best;
  into.order = 0;
  into.base = base;
  into.slope = slope;
  return cost;
}

function leastSquaresSlope(x: Float64Array, count: number): number {
  const middle = (count - 1) / 2;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (i - middle) * (x[i]! - x[0]!);
  return (12 * sum) / (count * (count * count - 1));
}
