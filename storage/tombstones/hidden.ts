// What tombstones hide, as pure functions. A point of a table is hidden when a tombstone with its
// series and its time has a higher sequence than the table, and was not applied to it yet.

import type { ManifestState, TableMeta, Tombstone } from '../manifest/edit.ts';
import type { PointColumns } from '../memtable.ts';
import type { SeriesId } from '../series/labels.ts';
import { hasSeries, hasSeriesWithin } from '../series/series-runs.ts';
import type { TimeRange } from '../types.ts';

/** Live tombstones, and the tables that some of them were applied to. */
export type Deletions = Pick<ManifestState, 'tombstones' | 'cleaned'>;

export const ALL_TIME: TimeRange = {
  startMs: Number.NEGATIVE_INFINITY,
  endMs: Number.POSITIVE_INFINITY,
};

/**
 * The tombstones that may hide points of the table; with a range, points of it. For a table of
 * summaries they hide every step of which they hide a part.
 */
export function tombstonesOver(
  { tombstones, cleaned }: Deletions,
  table: TableMeta,
  range: TimeRange = ALL_TIME,
): Tombstone[] {
  if (tombstones.size === 0) return [];
  const appliedTo = Math.max(table.sequence, cleaned.get(table.number) ?? 0);
  const { minTimestampMs, maxTimestampMs, firstSeries, lastSeries, stepMs } = table;
  const own = [...tombstones.values()];
  const ofTable = stepMs === undefined ? own : own.map((tombstone) => onSteps(tombstone, stepMs));
  return ofTable.filter(
    ({ sequence, startMs, endMs, series }) =>
      sequence > appliedTo &&
      startMs <= maxTimestampMs &&
      endMs > minTimestampMs &&
      startMs < range.endMs &&
      endMs > range.startMs &&
      hasSeriesWithin(series, firstSeries, lastSeries),
  );
}

/** A step that begins at s has the points of (s, s + stepMs]. */
function onSteps(tombstone: Tombstone, stepMs: number): Tombstone {
  return { ...tombstone, startMs: tombstone.startMs - stepMs, endMs: tombstone.endMs - 1 };
}

/** Whether all points of the table lie in the tombstone's range. */
export function spans({ startMs, endMs }: TimeRange, table: TableMeta): boolean {
  return startMs <= table.minTimestampMs && endMs > table.maxTimestampMs;
}

const NO_RANGES: readonly TimeRange[] = [];

/** Where points of the series are hidden: ascending, disjoint. */
export function rangesHiding(tombstones: readonly Tombstone[], id: SeriesId): readonly TimeRange[] {
  if (tombstones.length === 0) return NO_RANGES;
  const hiding = tombstones.filter(({ series }) => hasSeries(series, id));
  if (hiding.length <= 1) return hiding;
  const ranges: TimeRange[] = [];
  for (const { startMs, endMs } of hiding.sort((a, b) => a.startMs - b.startMs)) {
    const last = ranges.at(-1);
    if (last === undefined || startMs > last.endMs) ranges.push({ startMs, endMs });
    else ranges[ranges.length - 1] = { ...last, endMs: Math.max(last.endMs, endMs) };
  }
  return ranges;
}

/** Adds to `runs` what of the columns lies in the range and is not `hidden`, without a copy. */
export function pushVisible(
  runs: PointColumns[],
  columns: PointColumns,
  { startMs, endMs }: TimeRange,
  hidden: readonly TimeRange[],
): void {
  const { timestampsMs } = columns;
  let from = lowerBoundMs(timestampsMs, startMs);
  const end = lowerBoundMs(timestampsMs, endMs);
  for (const range of hidden) {
    pushPart(runs, columns, from, Math.min(end, lowerBoundMs(timestampsMs, range.startMs)));
    from = Math.max(from, lowerBoundMs(timestampsMs, range.endMs));
  }
  pushPart(runs, columns, from, end);
}

function pushPart(runs: PointColumns[], columns: PointColumns, from: number, to: number): void {
  if (from >= to) return;
  const { timestampsMs, values } = columns;
  const isWhole = from === 0 && to === timestampsMs.length;
  runs.push(
    isWhole
      ? columns
      : { timestampsMs: timestampsMs.subarray(from, to), values: values.subarray(from, to) },
  );
}

/** The first position whose time is not before `timeMs`. */
export function lowerBoundMs(timestampsMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timestampsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestampsMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
