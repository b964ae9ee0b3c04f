// What a tier has of each window of its source, and what it lacks: from tables, tombstones and the
// marks of the manifest alone. Pure.
//
// A mark says up to which table and which tombstone a window was summarised. Tables of points get
// their sequence, and tombstones theirs, in the order in which edits bring them, and a merge takes
// the sequence of its newest input: so whatever is beyond the mark came later.

import type { RolledWindow, TableMeta, Tombstone } from '../manifest/edit.ts';
import { hasSeriesWithin } from '../series/series-runs.ts';
import type { TimeRange } from '../types.ts';
import { windowStart } from '../window.ts';
import { droppedBeforeMs, type RollupState, type Tier } from './tiers.ts';

/** One window of a tier's source, as the tier sees it. */
export interface SourceWindow extends TimeRange {
  /** Its points were dropped, but for the one at its end, which is the next window's first. */
  readonly isGone: boolean;
  /** Tables with a point of its steps; at least one. */
  readonly tables: readonly TableMeta[];
  /** How far it is summarised; undefined when it is not. */
  readonly mark: RolledWindow | undefined;
  /** Of them, those that the mark does not have yet. */
  readonly freshTables: readonly TableMeta[];
  /** Likewise; without a mark there is nothing that they could have changed. */
  readonly freshTombstones: readonly Tombstone[];
}

/** Tables of any policy, and what hides their points. */
export interface SourceTables {
  readonly tables: Iterable<TableMeta>;
  readonly tombstones: ReadonlyMap<number, Tombstone>;
}

/**
 * The windows that the tier can still be made of, ascending: nothing of them was dropped. The last
 * one that was comes first as long as there are points at its end, which may have come since.
 */
export function sourceWindows(
  { tables, tombstones }: SourceTables,
  state: RollupState,
  tier: Tier,
): SourceWindow[] {
  const { sourceId } = tier.rollup;
  const source = state.policies.get(sourceId);
  if (source === undefined) return [];
  const { windowMs } = source;
  const goneMs = droppedBeforeMs(state, sourceId);
  const tierGoneMs = droppedBeforeMs(state, tier.id);
  const byStart = new Map<number, TableMeta[]>();
  for (const table of tables) {
    if (table.policyId !== sourceId || table.kind !== 'points') continue;
    for (const startMs of startsOf(table, windowMs)) {
      const isGone = startMs < goneMs;
      if (startMs < tierGoneMs || (isGone && table.windowStartMs !== goneMs)) continue;
      const own = byStart.get(startMs);
      if (own === undefined) byStart.set(startMs, [table]);
      else own.push(table);
    }
  }
  const marks = state.rolled.get(tier.id);
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([startMs, own]) => {
      const range = { startMs, endMs: startMs + windowMs };
      const mark = marks?.get(startMs);
      const seen = mark?.tableSequence ?? 0;
      return {
        ...range,
        isGone: startMs < goneMs,
        tables: own,
        mark,
        freshTables: own.filter(({ sequence }) => sequence > seen),
        freshTombstones: mark === undefined ? [] : freshTombstones(tombstones, mark, range, own),
      };
    });
}

/** Whether the tier has all there is of the window. */
export function isCurrent({ mark, freshTables, freshTombstones }: SourceWindow): boolean {
  return mark !== undefined && freshTables.length === 0 && freshTombstones.length === 0;
}

/** Its own window's, and the one before's when its first point ends a step of that. */
function startsOf({ windowStartMs, minTimestampMs, maxTimestampMs }: TableMeta, windowMs: number) {
  const starts: number[] = [];
  if (minTimestampMs === windowStartMs) starts.push(windowStart(windowStartMs - 1, windowMs));
  if (maxTimestampMs > windowStartMs) starts.push(windowStartMs);
  return starts;
}

/** Those of which a point of the window's steps may be hidden, and was not when it was marked. */
function freshTombstones(
  tombstones: ReadonlyMap<number, Tombstone>,
  mark: RolledWindow,
  range: TimeRange,
  tables: readonly TableMeta[],
): Tombstone[] {
  if (tombstones.size === 0) return [];
  return [...tombstones.values()].filter(
    (tombstone) =>
      tombstone.sequence > mark.tombstoneSequence &&
      meetsSteps(tombstone, range) &&
      tables.some(({ firstSeries, lastSeries }) =>
        hasSeriesWithin(tombstone.series, firstSeries, lastSeries),
      ),
  );
}

/** Whether times of `range` are among those of the steps that begin in `steps`. */
export function meetsSteps(range: TimeRange, steps: TimeRange): boolean {
  return range.startMs <= steps.endMs && range.endMs > steps.startMs + 1;
}
