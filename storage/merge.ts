// Merges the points of one series that lie in several places. Where two have a point at the same
// time, the newer place wins.

import type { PointColumns } from './memtable.ts';

/** Merges runs given oldest first. The result may share memory with a run. */
export function mergeRuns(runs: readonly PointColumns[]): PointColumns {
  const filled = runs.filter((run) => run.timestampsMs.length > 0);
  if (filled.length === 1) return filled[0]!;
  return concatDisjoint(filled) ?? mergeRange(filled, 0, filled.length);
}

/** The usual case: each run covers a time of its own, so that whole columns are copied. */
function concatDisjoint(runs: readonly PointColumns[]): PointColumns | undefined {
  const byTime = [...runs].sort((a, b) => a.timestampsMs[0]! - b.timestampsMs[0]!);
  let length = 0;
  let endMs = -Infinity;
  for (const { timestampsMs } of byTime) {
    if (timestampsMs[0]! <= endMs) return undefined;
    endMs = timestampsMs[timestampsMs.length - 1]!;
    length += timestampsMs.length;
  }
  const merged = { timestampsMs: new Float64Array(length), values: new Float64Array(length) };
  let offset = 0;
  for (const run of byTime) {
    merged.timestampsMs.set(run.timestampsMs, offset);
    merged.values.set(run.values, offset);
    offset += run.timestampsMs.length;
  }
  return merged;
}

/** Merges by halves, so that a point is copied log2(runs) times. */
function mergeRange(runs: readonly PointColumns[], from: number, to: number): PointColumns {
  if (to - from === 1) return runs[from]!;
  const middle = (from + to) >> 1;
  return mergeTwo(mergeRange(runs, from, middle), mergeRange(runs, middle, to));
}

function mergeTwo(older: PointColumns, newer: PointColumns): PointColumns {
  const oldTimes = older.timestampsMs;
  const newTimes = newer.timestampsMs;
  const timestampsMs = new Float64Array(oldTimes.length + newTimes.length);
  const values = new Float64Array(timestampsMs.length);
  let o = 0;
  let n = 0;
  let length = 0;
  while (o < oldTimes.length || n < newTimes.length) {
    const oldTime = o < oldTimes.length ? oldTimes[o]! : Infinity;
    const newTime = n < newTimes.length ? newTimes[n]! : Infinity;
    if (newTime <= oldTime) {
      timestampsMs[length] = newTime;
      values[length++] = newer.values[n++]!;
      if (newTime === oldTime) o++;
    } else {
      timestampsMs[length] = oldTime;
      values[length++] = older.values[o++]!;
    }
  }
  return {
    timestampsMs: timestampsMs.subarray(0, length),
    values: values.subarray(0, length),
  };
}

/** All points of two columns, in the order of time: those at one time are all kept. */
export function joinByTime(a: PointColumns, b: PointColumns): PointColumns {
  const length = a.values.length + b.values.length;
  const joined = { timestampsMs: new Float64Array(length), values: new Float64Array(length) };
  for (let i = 0, j = 0, at = 0; at < length; at++) {
    const isNext = j === b.values.length || a.timestampsMs[i]! <= b.timestampsMs[j]!;
    const from = i < a.values.length && isNext ? a : b;
    const position = from === a ? i++ : j++;
    joined.timestampsMs[at] = from.timestampsMs[position]!;
    joined.values[at] = from.values[position]!;
  }
  return joined;
}
