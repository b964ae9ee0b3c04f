// Which points each step sees, for all steps at once. It follows from the timestamps alone, so that
// series which share these share the answer as well.

import { slide, type Viewpoint, viewTimeMs } from './lookback.ts';

/** By step, the points [first, end) of a series that lie in (t - range, t]. */
export interface Windows {
  readonly firsts: Uint32Array;
  readonly ends: Uint32Array;
  /** Points of all of them: one that is in several counts as often. */
  readonly spanned: number;
}

/** Gives the windows on a column of timestamps; on that of the call before, the same ones. */
export function createWindowsOf(
  view: Viewpoint,
  rangeMs: number,
): (timestampsMs: Float64Array) => Windows {
  let known: Float64Array | undefined;
  let windows: Windows = { firsts: new Uint32Array(0), ends: new Uint32Array(0), spanned: 0 };
  return (timestampsMs) => {
    if (timestampsMs === known) return windows;
    known = timestampsMs;
    windows = windowsOn(timestampsMs, view, rangeMs);
    return windows;
  };
}

function windowsOn(timestampsMs: Float64Array, view: Viewpoint, rangeMs: number): Windows {
  const { steps } = view.grid;
  const [firsts, ends] = [new Uint32Array(steps), new Uint32Array(steps)];
  let spanned = 0;
  const window = { first: 0, end: 0, startMs: 0, endMs: 0 };
  for (let step = 0; step < steps; step++) {
    slide(window, timestampsMs, viewTimeMs(view, step), rangeMs);
    firsts[step] = window.first;
    ends[step] = window.end;
    spanned += window.end - window.first;
  }
  return { firsts, ends, spanned };
}
