// A set of series ids as runs of neighbours. What is deleted together was mostly registered
// together, so that even a set of millions takes a few hundred bytes.

import type { SeriesId } from './labels.ts';

/** Run k is [starts[k], ends[k]); runs ascend, and an id that is in none lies between two. */
export interface SeriesRuns {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** The runs of `ids`, which ascend. */
export function runsOf(ids: Uint32Array): SeriesRuns {
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (i === 0 || ids[i]! !== ids[i - 1]! + 1) count++;
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let run = -1;
  for (let i = 0; i < ids.length; i++) {
    if (i === 0 || ids[i]! !== ids[i - 1]! + 1) starts[++run] = ids[i]!;
    ends[run] = ids[i]! + 1;
  }
  return { starts, ends };
}

/** Ids in the set. */
export function seriesCount({ starts, ends }: SeriesRuns): number {
  return starts.reduce((count, start, run) => count + ends[run]! - start, 0);
}

export function hasSeries(runs: SeriesRuns, id: SeriesId): boolean {
  const run = firstRunEndingAfter(runs, id);
  return run < runs.starts.length && runs.starts[run]! <= id;
}

/** Whether the set has an id within [first, last]. */
export function hasSeriesWithin(runs: SeriesRuns, first: SeriesId, last: SeriesId): boolean {
  const run = firstRunEndingAfter(runs, first);
  return run < runs.starts.length && runs.starts[run]! <= last;
}

/** What of `ids`, which ascend, is in the set, and what is not. */
export function splitByRuns(
  ids: Uint32Array,
  { starts, ends }: SeriesRuns,
): { inside: Uint32Array; outside: Uint32Array } {
  const inside = new Uint32Array(ids.length);
  const outside = new Uint32Array(ids.length);
  let run = ids.length === 0 ? 0 : firstRunEndingAfter({ starts, ends }, ids[0]!);
  let count = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    while (run < ends.length && ends[run]! <= id) run++;
    if (run < starts.length && starts[run]! <= id) inside[count++] = id;
    else outside[i - count] = id;
  }
  return { inside: inside.subarray(0, count), outside: outside.subarray(0, ids.length - count) };
}

/** The runs that meet [first, last], in memory of their own. */
export function runsWithin(runs: SeriesRuns, first: SeriesId, last: SeriesId): SeriesRuns {
  const from = firstRunEndingAfter(runs, first);
  let to = from;
  while (to < runs.starts.length && runs.starts[to]! <= last) to++;
  return { starts: runs.starts.slice(from, to), ends: runs.ends.slice(from, to) };
}

/** The first run with an id >= `id`; as many as there are when there is none. */
function firstRunEndingAfter({ ends }: SeriesRuns, id: SeriesId): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
