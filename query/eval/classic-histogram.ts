// Quantiles and fractions of histograms kept as series with an `le` label.

export interface Bucket {
  /** Included. */
  readonly upperBound: number;
  /** Observations at or below it. */
  count: number;
}

/** Counts closer than this, relatively, differ by rounding only. */
const ROUNDING_TOLERANCE = 1e-12;

/** What had to be done to counts that fell from one bucket to the next. */
export interface Repair {
  readonly forced: boolean;
  readonly lowestBound: number;
  readonly highestBound: number;
  readonly largestDrop: number;
}

const NO_REPAIR: Repair = {
  forced: false,
  lowestBound: Infinity,
  highestBound: -Infinity,
  largestDrop: 0,
};

/** The q-quantile, linear within a bucket. NaN without a +Inf bucket or without observations. */
export function bucketQuantile(
  q: number,
  unsorted: readonly Bucket[],
): { readonly value: number; readonly repair: Repair } {
  if (Number.isNaN(q)) return { value: NaN, repair: NO_REPAIR };
  if (q < 0) return { value: -Infinity, repair: NO_REPAIR };
  if (q > 1) return { value: Infinity, repair: NO_REPAIR };
  const buckets = sortedBuckets(unsorted);
  if (buckets === undefined) return { value: NaN, repair: NO_REPAIR };
  const repair = makeMonotonic(buckets);
  return { value: interpolate(q, buckets), repair };
}

function interpolate(q: number, buckets: readonly Bucket[]): number {
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0 || Number.isNaN(observations)) return NaN;
  const rank = q * observations;
  let at = buckets.findIndex((bucket) => bucket.count >= rank);
  if (at < 0) at = buckets.length - 1;
  if (at === buckets.length - 1) return buckets.at(-2)!.upperBound;
  const { upperBound, count } = buckets[at]!;
  if (at === 0 && upperBound <= 0) return upperBound;
  const below = at === 0 ? { upperBound: 0, count: 0 } : buckets[at - 1]!;
  const share = (rank - below.count) / (count - below.count);
  return below.upperBound + (upperBound - below.upperBound) * share;
}

/** The share of observations in (lower, upper], linear within a bucket. */
export function bucketFraction(lower: number, upper: number, unsorted: readonly Bucket[]): number {
  const buckets = sortedBuckets(unsorted);
  if (buckets === undefined) return NaN;
  const observations = buckets.at(-1)!.count;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets) - rankOf(lower, buckets)) / observations;
}

/** Observations at or below `value`, as far as the buckets tell. */
function rankOf(value: number, buckets: readonly Bucket[]): number {
  const observations = buckets.at(-1)!.count;
  // Buckets that start above zero are taken to start at zero.
  let lowerBound = buckets[0]!.upperBound <= 0 ? -Infinity : 0;
  let rank = 0;
  for (const { upperBound, count } of buckets) {
    if (lowerBound >= value) return Math.min(rank, observations);
    if (upperBound > value) {
      if (lowerBound === -Infinity) return Math.min(count, observations);
      const share = (value - lowerBound) / (upperBound - lowerBound);
      return Math.min(rank + (count - rank) * share, observations);
    }
    lowerBound = upperBound;
    rank = count;
  }
  return observations;
}

/** By bound, equal bounds added up; undefined when there is no +Inf bucket. Copies. */
function sortedBuckets(unsorted: readonly Bucket[]): Bucket[] | undefined {
  const sorted = unsorted
    .map((bucket) => ({ ...bucket }))
    .sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  if (sorted.at(-1)?.upperBound !== Infinity) return undefined;
  return sorted.filter((bucket, i) => {
    const next = sorted[i + 1];
    if (next?.upperBound !== bucket.upperBound) return true;
    next.count += bucket.count;
    return false;
  });
}

/** Counts that fall are lifted to the one before: scrapes and rates of buckets are not atomic. */
function makeMonotonic(buckets: Bucket[]): Repair {
  let { forced, lowestBound, highestBound, largestDrop } = NO_REPAIR;
  let before = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const { count, upperBound } = bucket;
    if (count === before) continue;
    if (almostEqual(before, count)) {
      bucket.count = before;
    } else if (count < before) {
      bucket.count = before;
      forced = true;
      lowestBound = Math.min(lowestBound, upperBound);
      highestBound = Math.max(highestBound, upperBound);
      largestDrop = Math.max(largestDrop, before - count);
    } else {
      before = count;
    }
  }
  return { forced, lowestBound, highestBound, largestDrop };
}

/** The smallest normal double: below it relative differences mean nothing. */
const NORMAL_MIN = 2 ** -1022;

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < NORMAL_MIN) return difference < ROUNDING_TOLERANCE * NORMAL_MIN;
  return difference / Math.min(size, Number.MAX_VALUE) < ROUNDING_TOLERANCE;
}
