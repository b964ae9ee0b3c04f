// Which points each step sees, for all steps at once. It follows from the timestamps alone, so that
// series which share these share the answer as well.

import { slide, type Viewpoint, viewTimeMs } from './lookback.ts';

/** By step, the points [first, end) of a series that lie in (t - range, t]. */
export interface Windows {
  readonly firsts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Gives the windows on a column of timestamps; on that of the call before, the same ones. */
export function createWindowsOf(
  view: Viewpoint,
  rangeMs: number,
): (timestampsMs: Float64Array) => Windows {
  let known: Float64Array | undefined;
  let windows: Windows = { firsts: new Uint32Array(0), ends: new Uint32Array(0) };
  return (timestampsMs) => {
    if (timestampsMs === known) return windows;
    known = timestampsMs;
    windows = windowsOn(timestampsMs, view, rangeMs);
    return windows;
  };
}

function windowsOn(timestampsMs: Float64Array, view: Viewpoint, rangeMs: number): Windows {
  const { steps } = view.grid;
  const windows = { firsts: new Uint32Array(steps), ends: new Uint32Array(steps) };
  const window = { first: 0, end: 0, startMs: 0, endMs: 0 };
  for (let step = 0; step < steps; step++) {
    slide(window, timestampsMs, viewTimeMs(view, step), rangeMs);
    windows.firsts[step] = window.first;
    windows.ends[step] = window.end;
  }
  return windows;
}
