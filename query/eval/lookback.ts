// Which points are seen from a time t: those in (t - range, t]. Ranges are half-open everywhere
// else, so this is the only place that knows PromQL's are open on the left. Timestamps are whole
// milliseconds, which is what makes (a, b] the same as [a + 1, b + 1).

import type { TimeRange } from '../../storage/index.ts';
import { endAfter } from '../time-range.ts';
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
export function slide(window: Window, points: Points, endMs: number, rangeMs: number): void {
  const { timestampsMs } = points;
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

/** `points` without stale markers, which range functions do not see. */
export function withoutStale(points: Points): Points {
  const { timestampsMs, values } = points;
  const words = wordsOf(values);
  let kept = 0;
  while (kept < values.length && !isStale(words, kept)) kept++;
  if (kept === values.length) return points;
  const times = timestampsMs.slice();
  const rest = values.slice();
  for (let i = kept + 1; i < values.length; i++) {
    if (isStale(words, i)) continue;
    times[kept] = timestampsMs[i]!;
    rest[kept++] = values[i]!;
  }
  return { ...points, timestampsMs: times.subarray(0, kept), values: rest.subarray(0, kept) };
}

/**
 * Writes the newest point that each step sees into `values` and `present`: its value, or with
 * `wantTime` its timestamp in seconds. A stale marker hides the series. Returns how many there are.
 */
export function sampleColumn(
  view: Viewpoint,
  lookbackMs: number,
  points: Points,
  wantTime: boolean,
  values: Float64Array,
  present: Uint8Array,
): number {
  const words = wordsOf(points.values);
  const window: Window = { first: 0, end: 0, startMs: 0, endMs: 0 };
  let found = 0;
  for (let step = 0; step < view.grid.steps; step++) {
    slide(window, points, viewTimeMs(view, step), lookbackMs);
    const newest = window.end - 1;
    if (newest < window.first || isStale(words, newest)) continue;
    values[step] = wantTime ? points.timestampsMs[newest]! / 1000 : points.values[newest]!;
    present[step] = 1;
    found++;
  }
  return found;
}
