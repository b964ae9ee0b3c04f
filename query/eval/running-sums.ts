// Sums of overlapping ranges of a column: each value is added once, and the sum of a range is the
// difference of two running sums.
//
// A running sum has a second float for what was rounded off, so that the difference is what adding
// up the range with compensation gives. Where a range is so small beside what came before it that
// this would show, or an infinity or NaN came before, it is to be added up for itself.

/** Of the running sums, the part from which on their difference has all its bits. */
const TRUSTED_SHARE = 2 ** -20;

export interface RunningSums {
  /** Up to index i, the sum of values [0, i) ... */
  sums: Float64Array;
  /** ... and what it lacks. */
  rests: Float64Array;
  /** Values added so far. */
  count: number;
}

export function createRunningSums(): RunningSums {
  return { sums: new Float64Array(1), rests: new Float64Array(1), count: 0 };
}

/** For another column, of `length` values at most. */
export function beginSums(running: RunningSums, length: number): void {
  if (running.sums.length <= length) {
    running.sums = new Float64Array(2 * length + 1);
    running.rests = new Float64Array(2 * length + 1);
  }
  running.count = 0;
}

/** Adds values up to `end`; the rounding as in over-time-functions.ts. */
export function extendSums(running: RunningSums, values: Float64Array, end: number): void {
  const { sums, rests } = running;
  let sum = sums[running.count]!;
  let rest = rests[running.count]!;
  for (let i = running.count; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const added = next - sum;
    rest += sum - (next - added) + (value - added);
    sum = next;
    sums[i + 1] = sum;
    rests[i + 1] = rest;
  }
  running.count = Math.max(running.count, end);
}

/** The sum of values [first, end) over `divisor`; NaN where it cannot be told from these. */
export function sumBetween(
  sums: Float64Array,
  rests: Float64Array,
  first: number,
  end: number,
  divisor: number,
): number {
  const before = sums[first]!;
  const after = sums[end]!;
  const sum = after - before;
  const size = Math.abs(sum);
  // Not true of NaN, either; nor of 0, which may be what was too small to be added.
  if (!(size > 0 && size >= TRUSTED_SHARE * Math.max(Math.abs(before), Math.abs(after))))
    return NaN;
  const turned = sum - after;
  const lost = after - (sum - turned) - (before + turned);
  const rest = lost + rests[end]! - rests[first]!;
  // Divisions are half of what this takes.
  return divisor === 1 ? sum + rest : sum / divisor + rest / divisor;
}
