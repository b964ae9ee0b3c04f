// The points of one series become a summary for each step that has any. What can be computed of a
// range of points from summaries of its parts is what the fields are chosen for; docs/format/
// rollups.md says what each of them means.

import type { SlicePoints } from '../slice-types.ts';
import { SUMMARY_FIELDS, type SummaryField } from '../sstable/format.ts';
import { isStale, setStale } from '../stale.ts';
import type { TimeRange } from '../types.ts';
import { windowStart } from '../window.ts';

/** Summaries of one series, step by step; valid until the next call of the maker. */
export interface Summaries {
  readonly length: number;
  /** Start of each step, ms. */
  readonly startsMs: Float64Array;
  /** By field. A step of stale markers alone has one in each, but for `last_ms`. */
  readonly fields: Readonly<Record<SummaryField, Float64Array>>;
}

/** Added to `last_ms` when a stale marker follows the last point of the step. */
export const STALE_FOLLOWS = 0.5;

/** Summarises the points of the steps that begin in `ranges`, which are ascending and disjoint. */
export function createSummariser(
  everyMs: number,
  ranges: readonly TimeRange[],
): (points: SlicePoints) => Summaries {
  const fieldsMax = Math.max(
    1,
    ranges.reduce((sum, r) => sum + (r.endMs - r.startMs) / everyMs, 0),
  );
  const startsMs = new Float64Array(fieldsMax);
  const fields = Object.fromEntries(
    SUMMARY_FIELDS.map((field) => [field, new Float64Array(fieldsMax)]),
  ) as Record<SummaryField, Float64Array>;

  return ({ timestampsMs, values }) => {
    let length = 0;
    let range = 0;
    for (let from = 0, to = 0; from < values.length; from = to) {
      const startMs = windowStart(timestampsMs[from]! - 1, everyMs);
      const endMs = startMs + everyMs;
      to = from + 1;
      while (to < values.length && timestampsMs[to]! <= endMs) to++;
      while (range < ranges.length && ranges[range]!.endMs <= startMs) range++;
      if (range === ranges.length) break;
      if (startMs < ranges[range]!.startMs) continue;
      startsMs[length] = startMs;
      summariseStep(timestampsMs, values, from, to, startMs, fields, length++);
    }
    return { length, startsMs, fields };
  };
}

/** The points [from, to) are those of the step, at least one. */
function summariseStep(
  timestampsMs: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  startMs: number,
  fields: Record<SummaryField, Float64Array>,
  at: number,
): void {
  let count = 0;
  let sum = 0;
  let compensation = 0;
  let min = 0;
  let max = 0;
  let first = from;
  let last = from;
  let resets = 0;
  for (let i = from; i < to; i++) {
    if (isStale(values, i)) continue;
    const value = values[i]!;
    if (count++ === 0) {
      first = i;
      min = value;
      max = value;
    } else if (value < values[last]!) resets += values[last]!;
    // Knuth's TwoSum, and the order of NaN, as in PromQL's functions.
    const next = sum + value;
    const added = next - sum;
    compensation += sum - (next - added) + (value - added);
    sum = next;
    if (value < min || Number.isNaN(min)) min = value;
    if (value > max || Number.isNaN(max)) max = value;
    last = i;
  }
  if (count === 0) {
    for (const field of SUMMARY_FIELDS) setStale(fields[field], at);
    fields.last_ms[at] = timestampsMs[to - 1]! - startMs;
    return;
  }
  fields.count[at] = count;
  fields.sum[at] = Number.isFinite(sum) ? sum + compensation : sum;
  fields.min[at] = min;
  fields.max[at] = max;
  fields.first[at] = values[first]!;
  fields.last[at] = values[last]!;
  fields.resets[at] = resets;
  fields.first_ms[at] = timestampsMs[first]! - startMs;
  fields.last_ms[at] = timestampsMs[last]! - startMs + (last < to - 1 ? STALE_FOLLOWS : 0);
}
