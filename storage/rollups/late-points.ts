// Points that came after their window was dropped. Its steps are not made again, as what is left
// would take the place of what was made of all of it: such a point counts beside its step when it
// lies outside of what that has, and is taken for one of the step's own when it lies inside.
//
// A window whose points were dropped still gets the one at its end, which the next window keeps: it
// becomes part of the step, and a time that the step has already keeps the value that it had.

import type { PointColumns } from '../memtable.ts';
import type { SliceReader } from '../slice-types.ts';
import type { SummaryField } from '../sstable/format.ts';
import { isStale } from '../stale.ts';
import { STALE_FOLLOWS, type Summaries } from './summarise.ts';

/** What is read of steps beside which there may be points of their time. */
export const REACH: readonly SummaryField[] = ['first_ms', 'last_ms'];

/** Leaves out of `points` what steps have; each of `reaches` has readers of REACH. */
export function outsideSteps(
  points: PointColumns,
  reaches: readonly (readonly SliceReader[])[],
  position: number,
): PointColumns {
  const spans = reaches.flatMap((fields) => spansOf(fields, position));
  const { timestampsMs, values } = points;
  if (spans.length === 0 || timestampsMs.length === 0) return points;
  const isOutside = (timeMs: number) => !spans.some(([from, to]) => timeMs >= from && timeMs <= to);
  const kept = Uint32Array.from(timestampsMs.keys()).filter((i) => isOutside(timestampsMs[i]!));
  if (kept.length === timestampsMs.length) return points;
  const left = new Float64Array(kept.length);
  // Through typed arrays alone, which keep the bits of a NaN.
  for (const [to, from] of kept.entries()) left.set(values.subarray(from, from + 1), to);
  return { timestampsMs: Float64Array.from(kept, (i) => timestampsMs[i]!), values: left };
}

/** Times of the first and the last point of each step. */
function spansOf(fields: readonly SliceReader[], position: number): [number, number][] {
  const [first, last] = fields.map((field) => field.read(position));
  const firstMs = new Map(Array.from(first!.timestampsMs, (s, i) => [s, first!.values[i]!]));
  return Array.from(last!.timestampsMs, (startMs, i) => {
    const offsetMs = firstMs.get(startMs) ?? Number.NaN;
    // Of stale markers alone only the last one's time is known.
    const from = Number.isNaN(offsetMs) ? startMs + 1 : startMs + offsetMs;
    return [from, startMs + Math.floor(last!.values[i]!)];
  });
}

/** A step as it is stored. */
export type Step = Readonly<Record<SummaryField, Float64Array>>;

/**
 * Puts the point at the end of a step, which `late` is the summary of, to what `known` has of that
 * step. Whether that makes a difference.
 */
export function addToStep({ fields: late }: Summaries, known: Step, everyMs: number): boolean {
  const isLateStale = isStale(late.count, 0);
  const lastMs = known.last_ms[0]!;
  if (isStale(known.count, 0)) return !isLateStale || lastMs < everyMs;
  if (Math.floor(lastMs) === everyMs) return false;
  if (isLateStale) {
    if (lastMs % 1 === STALE_FOLLOWS) return false;
    for (const [field, column] of Object.entries(late)) column.set(known[field as SummaryField]);
    late.last_ms[0]! += STALE_FOLLOWS;
    return true;
  }
  const value = late.last[0]!;
  const isLess = known.min[0]! <= value || Number.isNaN(value);
  const isMore = known.max[0]! >= value || Number.isNaN(value);
  if (isLess) late.min.set(known.min);
  if (isMore) late.max.set(known.max);
  late.count[0] = known.count[0]! + 1;
  late.sum[0] = known.sum[0]! + value;
  late.first.set(known.first);
  late.first_ms.set(known.first_ms);
  late.resets[0] = known.resets[0]! + (value < known.last[0]! ? known.last[0]! : 0);
  return true;
}
