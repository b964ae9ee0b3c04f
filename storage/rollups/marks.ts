// What the manifest has to say of tiers when windows go: the edits' parts, as pure functions.

import type { Edit, ManifestState, TableMeta } from '../manifest/edit.ts';
import type { TimeRange, WindowInfo } from '../types.ts';
import { sourceWindows } from './source-windows.ts';
import { droppedBeforeMs, type Tier, tiersOf } from './tiers.ts';

export function policyIdOf({ key }: WindowInfo): number {
  return Number(key.slice(0, key.indexOf('/')));
}

/** Marks of windows of which no table is left stand for nothing. */
export function forgetMarks(state: ManifestState): Edit | undefined {
  const removeRolled = [...state.rolled].flatMap(([tierId, marks]) => {
    const tier = state.policies.get(tierId) as Tier;
    const sources = sourceWindows({ tables: state.tables.values(), tombstones: NONE }, state, tier);
    const starts = new Set(sources.map(({ startMs }) => startMs));
    return [...marks.keys()]
      .filter((startMs) => !starts.has(startMs))
      .map((startMs) => ({ tierId, startMs }));
  });
  return removeRolled.length > 0 ? { removeRolled } : undefined;
}

const NONE: ManifestState['tombstones'] = new Map();

/**
 * What goes with `dropped` windows: that nothing more is summarised of a source before their end,
 * as what is left of it would take the place of what was made of all of it.
 */
export function droppedWith(
  dropped: readonly WindowInfo[],
  { policies, dropped: known }: ManifestState,
): Pick<Edit, 'dropped'> {
  const ofTiers = new Set<number>();
  for (const { id, rollup } of policies.values()) {
    if (rollup !== undefined) ofTiers.add(id).add(rollup.sourceId);
  }
  const beforeMs = new Map<number, number>();
  for (const window of dropped) {
    const id = policyIdOf(window);
    const least = beforeMs.get(id) ?? known.get(id) ?? Number.NEGATIVE_INFINITY;
    if (ofTiers.has(id) && window.endMs > least) beforeMs.set(id, window.endMs);
  }
  if (beforeMs.size === 0) return {};
  return { dropped: Array.from(beforeMs, ([policyId, ms]) => ({ policyId, beforeMs: ms })) };
}

/**
 * The times whose points have to be in tables when `window` is dropped: its own, and the first of
 * the next, which ends its last step. Those of a source are summarised up to its end for the last
 * time, so that all since the drop before counts, in whichever window it is.
 */
export function reachOfDrop(window: WindowInfo, state: ManifestState): TimeRange {
  const id = policyIdOf(window);
  const isSource = tiersOf(state).some(({ rollup }) => rollup.sourceId === id);
  const sinceMs = isSource ? droppedBeforeMs(state, id) : window.startMs;
  return { startMs: Math.min(window.startMs, sinceMs), endMs: window.endMs + 1 };
}

/** What goes with a table of summaries that is put aside: its steps are to be made again. */
export function lostWith(
  { stepMs, policyId, windowStartMs, windowEndMs }: TableMeta,
  { rolled }: Pick<ManifestState, 'rolled'>,
): Pick<Edit, 'removeRolled'> {
  if (stepMs === undefined) return {};
  const starts = [...(rolled.get(policyId)?.keys() ?? [])];
  const removeRolled = starts
    .filter((startMs) => startMs >= windowStartMs && startMs < windowEndMs)
    .map((startMs) => ({ tierId: policyId, startMs }));
  return removeRolled.length > 0 ? { removeRolled } : {};
}
