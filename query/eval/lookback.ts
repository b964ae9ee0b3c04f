// Which points are seen from a time t: those in (t - range, t]. Ranges are half-open everywhere
// else, so this is the only place that knows PromQL's are open on the left. Timestamps are whole
// milliseconds, which is what makes (a, b] the same as [a + 1, b + 1).

import type { TimeRange } from '../../storage/index.ts';
import { endAfter } from '../time-range.ts';
import type { Column, Kernel } from './range-function.ts';
import type { Grid, Points } from './value.ts';
import { stepTimeMs } from './value.ts';

/** Where a selector looks from each step of `grid`: moved by an offset, or fixed by `@`. */
export interface Viewpoint {
  readonly grid: Grid;
  readonly offsetMs: number;
  /** The time looked at from every step, before the offset; undefined: the step's own. */
  readonly atMs: number | undefined;
}

export function viewTimeMs(view: Viewpoint, step: number): number {
  return (view.atMs ?? stepTimeMs(view.grid, step)) - view.offsetMs;
}

/** Everything that any step can see. */
export function visibleRange(view: Viewpoint, rangeMs: number): TimeRange {
  const firstMs = viewTimeMs(view, 0);
  const lastMs = viewTimeMs(view, view.grid.steps - 1);
  return { startMs: firstMs - rangeMs + 1, endMs: endAfter(lastMs) };
}

/** The points one step sees: indexes [first, end) of a series, and the limits of the range. */
export interface Window {
  first: number;
  end: number;
  /** Excluded. */
  startMs: number;
  /** Included. */
  endMs: number;
}

/** Moves `window` to the range that ends at `endMs`, which never goes back. */
export function slide(
  window: Window,
  timestampsMs: Float64Array,
  endMs: number,
  rangeMs: number,
): void {
  const count = timestampsMs.length;
  window.startMs = endMs - rangeMs;
  window.endMs = endMs;
  let { first, end } = window;
  while (end < count && timestampsMs[end]! <= endMs) end++;
  while (first < end && timestampsMs[first]! <= window.startMs) first++;
  window.first = first;
  window.end = end;
}

/** The low and high word of Prometheus's stale marker: the series ended here. */
const STALE_LOW = 2;
const STALE_HIGH = 0x7ff00000;

function isStale(words: Uint32Array, index: number): boolean {
  return words[2 * index] === STALE_LOW && words[2 * index + 1] === STALE_HIGH;
}

function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** `columns` without stale markers, which range functions do not see. */
export function withoutStale<Columns extends Pick<Points, 'timestampsMs' | 'values'>>(
  columns: Columns,
): Columns {
  const { timestampsMs, values } = columns;
  let kept = firstNaN(values);
  if (kept === values.length) return columns;
  const words = wordsOf(values);
  while (kept < values.length && !isStale(words, kept)) kept++;
  if (kept === values.length) return columns;
  const times = timestampsMs.slice();
  const rest = values.slice();
  for (let i = kept + 1; i < values.length; i++) {
    if (isStale(words, i)) continue;
    times[kept] = timestampsMs[i]!;
    rest[kept++] = values[i]!;
  }
  return { ...columns, timestampsMs: times.subarray(0, kept), values: rest.subarray(0, kept) };
}

/** Where the first NaN is, stale or other; the length when there is none, as mostly. */
function firstNaN(values: Float64Array): number {
  const { length } = values;
  // A sum says it in a third of the time; infinities of both signs only make it say so wrongly.
  let even = 0;
  let odd = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    even += values[i]! + values[i + 1]!;
    odd += values[i + 2]! + values[i + 3]!;
  }
  for (; i < length; i++) even += values[i]!;
  if (!Number.isNaN(even + odd)) return length;
  const found = values.findIndex(Number.isNaN);
  return found < 0 ? length : found;
}

/**
 * The newest point that each step sees: its value, or with `wantTime` its timestamp in seconds. A
 * stale marker hides the series.
 */
export function createNewestKernel(wantTime: boolean): Kernel {
  return (column, from, to) => {
    if (wantTime) newestTimes(column, from, to);
    else newestValues(column, from, to);
  };
}

function newestValues({ values, windows, results, present }: Column, from: number, to: number) {
  const { firsts, ends } = windows;
  const words = wordsOf(values);
  for (let step = from; step < to; step++) {
    const newest = ends[step]! - 1;
    if (newest < firsts[step]!) continue;
    const value = values[newest]!;
    if (Number.isNaN(value) && isStale(words, newest)) continue;
    results[step] = value;
    present[step] = 1;
  }
}

function newestTimes(column: Column, from: number, to: number): void {
  const { timestampsMs, values, windows, results, present } = column;
  const words = wordsOf(values);
  for (let step = from; step < to; step++) {
    const newest = windows.ends[step]! - 1;
    if (newest < windows.firsts[step]! || isStale(words, newest)) continue;
    results[step] = timestampsMs[newest]! / 1000;
    present[step] = 1;
  }
}
