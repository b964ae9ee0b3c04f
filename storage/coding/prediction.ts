// How a column of integers is predicted, chosen from a sample. What is stored are residuals:
//
//   order 0   x[i] - (base + i * slope)                 noise around a level or a line
//   order 1   x[i] - x[i-1] - slope                     a walk, a counter
//   order 2   (x[i] - x[i-1]) - (x[i-1] - x[i-2])       a rate that drifts
//
// Byte planes (planes.ts) and the entropy stage make small residuals cheap, whatever their order.

import { median, SAMPLE, sampleSize, spread, typicalBits } from './sample.ts';

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

const levels = new Float64Array(SAMPLE);
const steps = new Float64Array(SAMPLE);
const bends = new Float64Array(SAMPLE);
const positions = new Uint32Array(SAMPLE);

/** A line that rises further than this could take sums out of the integers a double holds. */
const RISE_MAX = 2 ** 50;

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
  let best = spread(steps, taken, into.slope);
  into.magnitude = Math.round(typicalBits(steps, taken, into.slope));
  const bendSpread = spread(bends, taken, 0);
  if (bendSpread < best) {
    into.order = 2;
    into.slope = x[1]! - x[0]!;
    best = bendSpread;
    into.magnitude = Math.round(typicalBits(bends, taken, 0));
  }
  if (best === 0) return;
  const slope = trend ? slopeOfLine(x, count, into.magnitude) : 0;
  if (Math.abs(slope) * count <= RISE_MAX) tryLine(taken, slope, best, into);
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

function tryLine(taken: number, slope: number, best: number, into: Prediction): void {
  if (slope !== 0) for (let k = 0; k < taken; k++) levels[k]! -= positions[k]! * slope;
  const base = median(levels, taken);
  if (spread(levels, taken, base) >= best) return;
  into.order = 0;
  into.base = base;
  into.slope = slope;
  into.magnitude = Math.round(typicalBits(levels, taken, base));
}

/**
 * Slope of the least-squares line; a whole number of seconds when that is as good as residuals of
 * `magnitude` bits can tell, because clocks are set so and the estimate is not exact.
 */
function slopeOfLine(x: Float64Array, count: number, magnitude: number): number {
  const slope = leastSquaresSlope(x, count);
  const seconds = Math.round(slope / 1000) * 1000;
  const off = (Math.abs(seconds - slope) * count) / 2;
  return off <= 2 ** magnitude ? seconds : Math.round(slope);
}

function leastSquaresSlope(x: Float64Array, count: number): number {
  const middle = (count - 1) / 2;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (i - middle) * (x[i]! - x[0]!);
  return (12 * sum) / (count * (count * count - 1));
}
