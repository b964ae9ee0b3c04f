// Quantiles of plain values.

/** Ascending, NaN first: the order quantiles and `topk` count in. */
export function compareFloats(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a - b || 0;
}

/**
 * The q-quantile of `values`, between two of them their weighted mean. NaN without values or for a
 * q of NaN, and an infinity for a q outside [0, 1]. Sorts `values` in place.
 */
export function quantile(q: number, values: Float64Array): number {
  sortFloats(values);
  return quantileOfSorted(q, values);
}

/** The same of values that are in order already, NaN first. */
export function quantileOfSorted(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (values.length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - lower;
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/** In place, NaN first. Without a comparison function a typed array puts NaN last, but is fast. */
export function sortFloats(values: Float64Array): void {
  values.sort();
  if (values.length > 0 && Number.isNaN(values.at(-1)!)) values.sort(compareFloats);
}
