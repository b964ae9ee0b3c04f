// Prometheus's stale marker: one NaN of all, which says that the series ended here. It is copied
// between typed arrays alone: as a number it may turn into another NaN.

const LOW = 2;
const HIGH = 0x7ff00000;

const MARKER = new Float64Array(Uint32Array.of(LOW, HIGH).buffer);
const words = new Uint32Array(2);
const value = new Float64Array(words.buffer);

/** Makes values[index] the marker. */
export function setStale(values: Float64Array, index: number): void {
  values.set(MARKER, index);
}

/** Whether values[index] is the marker, by its bits. */
export function isStale(values: Float64Array, index: number): boolean {
  if (!Number.isNaN(values[index])) return false;
  value.set(values.subarray(index, index + 1));
  return words[0] === LOW && words[1] === HIGH;
}
