// The rule of every merge inside one series: of points with the same timestamp, the newest write
// is kept. Here for columns in the order of writing.

/** Whether timestamps[from, to) are strictly ascending: nothing to sort, nothing doubled. */
function isStrictlyAscending(timestampsMs: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) {
    if (timestampsMs[i]! <= timestampsMs[i - 1]!) return false;
  }
  return true;
}

/**
 * Sorts the first `count` points by time, in place; of equal timestamps the one written last (the
 * highest position) stays. Returns how many are left.
 */
export function sortNewestWins(
  timestampsMs: Float64Array,
  values: Float64Array,
  count: number,
): number {
  if (isStrictlyAscending(timestampsMs, 0, count)) return count;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => timestampsMs[a]! - timestampsMs[b]! || a - b);
  const sortedMs = new Float64Array(count);
  const sortedValues = new Float64Array(count);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const position = order[i]!;
    const timestampMs = timestampsMs[position]!;
    if (kept > 0 && sortedMs[kept - 1] === timestampMs) kept--;
    sortedMs[kept] = timestampMs;
    sortedValues[kept] = values[position]!;
    kept++;
  }
  timestampsMs.set(sortedMs.subarray(0, kept));
  values.set(sortedValues.subarray(0, kept));
  return kept;
}
