// Histograms of OTLP as the buckets that `le` names: cumulative, each up to its bound, included.

import type { ExponentialBuckets, ExponentialPoint, HistogramPoint } from './distributions.ts';

/** Ascending bounds, and how many values lie at or below each. The one up to +Inf is left out. */
export interface ClassicBuckets {
  readonly bounds: number[];
  readonly counts: number[];
}

/**
 * The finest scale of classic buckets: four to each doubling, 19 % wide. Whatever the scale of a
 * sender is and whenever it changes, the bounds are powers of 2^(1/4), so that a series of a bound
 * goes on; a histogram from 1 ms to 10 s has 54 of them.
 */
const SCALE_MAX = 2;
/** Beyond these shifts and widths a double has room for one bucket on each side of 1 anyway. */
const SHIFT_MAX = 60;

export function explicitBuckets({ bounds, counts }: HistogramPoint): ClassicBuckets {
  const buckets: ClassicBuckets = { bounds: [], counts: [] };
  let cumulative = 0;
  for (let i = 0; i < bounds.length && i < counts.length; i++) {
    cumulative += counts[i]!;
    buckets.bounds.push(bounds[i]!);
    buckets.counts.push(cumulative);
  }
  return buckets;
}

/**
 * From the lower bound of the lowest bucket with a value to the upper bound of the highest; the
 * zero bucket ends at its threshold. Finer buckets than SCALE_MAX are put together.
 */
export function exponentialBuckets(point: ExponentialPoint): ClassicBuckets {
  const { scale, zeroCount, zeroThreshold, positive, negative } = point;
  const buckets: ClassicBuckets = { bounds: [], counts: [] };
  const below = usedBuckets(negative, scale);
  const above = usedBuckets(positive, scale);
  const boundOf = bounds(Math.min(scale, SCALE_MAX));
  let cumulative = 0;
  if (below.counts.length > 0) push(buckets, -boundOf(below.offset + below.counts.length), 0);
  for (let i = below.counts.length - 1; i >= 0; i--) {
    cumulative += below.counts[i]!;
    push(buckets, -boundOf(below.offset + i), cumulative);
  }
  cumulative += zeroCount;
  if (cumulative > 0) push(buckets, zeroThreshold, cumulative);
  if (above.counts.length > 0) push(buckets, boundOf(above.offset), cumulative);
  above.counts.forEach((count, i) => {
    cumulative += count;
    push(buckets, boundOf(above.offset + i + 1), cumulative);
  });
  return buckets;
}

/** The buckets at SCALE_MAX or below, without empty ones at either end. */
function usedBuckets({ offset, counts }: ExponentialBuckets, scale: number): ExponentialBuckets {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return { offset: 0, counts: [] };
  const end = counts.findLastIndex((count) => count > 0) + 1;
  const width = 2 ** Math.min(SHIFT_MAX, Math.max(0, scale - SCALE_MAX));
  const indexOf = (i: number) => Math.floor((offset + i) / width);
  const lowest = indexOf(first);
  const used = new Array<number>(indexOf(end - 1) - lowest + 1).fill(0);
  for (let i = first; i < end; i++) used[indexOf(i) - lowest]! += counts[i]!;
  return { offset: lowest, counts: used };
}

/** The lower bound of bucket `index`: base^index with base = 2^(2^-scale). */
function bounds(scale: number): (index: number) => number {
  const exponent = 2 ** Math.min(SHIFT_MAX, -scale);
  return (index) => 2 ** (index * exponent);
}

/** Bounds that a double cannot tell apart become one; infinite ones are left out. */
function push({ bounds, counts }: ClassicBuckets, bound: number, cumulative: number): void {
  if (!Number.isFinite(bound)) return;
  const last = bounds.length - 1;
  if (last >= 0 && bound <= bounds[last]!) {
    counts[last] = cumulative;
    return;
  }
  bounds.push(bound);
  counts.push(cumulative);
}

/** A number as `le` and `quantile` have it: without an exponent, shortest that reads back. */
export function decimalText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  const text = String(value);
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (found === null) return text;
  const [, sign, first, rest = '', exponent] = found;
  const digits = `${first}${rest}`;
  const places = Number(exponent);
  if (places < 0) return `${sign}0.${'0'.repeat(-places - 1)}${digits}`;
  return `${sign}${digits}${'0'.repeat(places - rest.length)}`;
}
