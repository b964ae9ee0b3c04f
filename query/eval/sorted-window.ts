// The values of a sliding range in ascending order. From one range to the next most values stay,
// so those that left are taken out and those that came put in; where much has changed the range
// is sorted anew.

import { sortFloats } from './quantile.ts';

export interface SortedWindow {
  /** Ascending, NaN first, -0 before 0: values of indexes [first, end) of the series. */
  sorted: Float64Array;
  size: number;
  first: number;
  end: number;
}

const CAPACITY_START = 64;
/** Moving one value costs about as much as sorting so many: measured with 30 to 5000 of them. */
const SORTED_PER_MOVE = 4;

export function createSortedWindow(): SortedWindow {
  return { sorted: new Float64Array(CAPACITY_START), size: 0, first: 0, end: 0 };
}

/** Moves the window to [first, end), neither of which goes back; returns the values in order. */
export function slideSorted(
  window: SortedWindow,
  values: Float64Array,
  first: number,
  end: number,
): Float64Array {
  const size = end - first;
  if (window.sorted.length < size + 1) grow(window, size + 1);
  const moves = first - window.first + (end - window.end);
  if (first >= window.end || moves * SORTED_PER_MOVE > size) {
    window.sorted.set(values.subarray(first, end));
    sortFloats(window.sorted.subarray(0, size));
    window.size = size;
  } else {
    for (let i = window.first; i < first; i++) remove(window, values[i]!);
    for (let i = window.end; i < end; i++) insert(window, values[i]!);
  }
  window.first = first;
  window.end = end;
  return window.sorted.subarray(0, size);
}

function grow(window: SortedWindow, capacity: number): void {
  const sorted = new Float64Array(Math.max(capacity, window.sorted.length * 2));
  sorted.set(window.sorted.subarray(0, window.size));
  window.sorted = sorted;
}

function remove(window: SortedWindow, value: number): void {
  const { sorted, size } = window;
  const at = positionOf(sorted, size, value);
  sorted.copyWithin(at, at + 1, size);
  window.size--;
}

function insert(window: SortedWindow, value: number): void {
  const { sorted, size } = window;
  const at = positionOf(sorted, size, value);
  sorted.copyWithin(at + 1, at, size);
  sorted[at] = value;
  window.size++;
}

/** How many of the first `size` values come before `value`. */
function positionOf(sorted: Float64Array, size: number, value: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(sorted[middle]!, value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(a: number, b: number): boolean {
  if (a < b) return true;
  if (a > b) return false;
  if (Number.isNaN(a) || Number.isNaN(b)) return !Number.isNaN(b);
  return a === 0 && 1 / a < 1 / b;
}
