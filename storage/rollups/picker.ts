// What to summarise next, as a pure function of the manifest's state and the time.

import type { ManifestState } from '../manifest/edit.ts';
import type { TimeRange } from '../types.ts';
import { windowStart } from '../window.ts';
import { isCurrent, type SourceWindow, sourceWindows } from './source-windows.ts';
import type { Tier } from './tiers.ts';

/** Windows of a tier's source that become one table of each field. */
export interface RollupBatch {
  readonly tier: Tier;
  /** Of the tier; all of `sources` lie in it. */
  readonly window: TimeRange;
  /** Ascending; not empty. One that is gone is alone. */
  readonly sources: readonly SourceWindow[];
}

export interface RollupWish {
  readonly nowMs: number;
  /** A window is summarised first when it ended so long ago: its points have come by then. */
  readonly settleMs: number;
  /** Whether a window has got no table for long enough; late points come in company. */
  isQuiet(tier: Tier, source: SourceWindow): boolean;
}

/** The oldest windows that are due for one of `tiers`; undefined when none is. */
export function pickRollup(
  state: ManifestState,
  tiers: readonly Tier[],
  wish: RollupWish,
): RollupBatch | undefined {
  return pickOf(state, tiers, (tier, source) => isDue(tier, source, wish));
}

/** The same of all that is lacking in windows that begin before `beforeMs`, due or not. */
export function pickRollupBefore(
  state: ManifestState,
  tiers: readonly Tier[],
  beforeMs: number,
): RollupBatch | undefined {
  return pickOf(state, tiers, (_, { startMs }) => startMs < beforeMs);
}

/** Windows that are due, of all tiers. */
export function countDue(state: ManifestState, tiers: readonly Tier[], wish: RollupWish): number {
  return tiers.reduce(
    (sum, tier) => sum + lacking(state, tier).filter((own) => isDue(tier, own, wish)).length,
    0,
  );
}

function pickOf(
  state: ManifestState,
  tiers: readonly Tier[],
  isWanted: (tier: Tier, source: SourceWindow) => boolean,
): RollupBatch | undefined {
  for (const tier of tiers) {
    const wanted = lacking(state, tier).filter((source) => isWanted(tier, source));
    const [first] = wanted;
    if (first === undefined) continue;
    const startMs = windowStart(first.startMs, tier.windowMs);
    const window = { startMs, endMs: startMs + tier.windowMs };
    const sources = first.isGone
      ? [first]
      : wanted.filter((source) => source.startMs < window.endMs);
    return { tier, window, sources };
  }
  return undefined;
}

function lacking(state: ManifestState, tier: Tier): SourceWindow[] {
  const tables = { tables: state.tables.values(), tombstones: state.tombstones };
  return sourceWindows(tables, state, tier).filter((source) => !isCurrent(source));
}

/** A delete does not wait: until it is through, its steps are read from the points. */
function isDue(tier: Tier, source: SourceWindow, { nowMs, settleMs, isQuiet }: RollupWish) {
  if (source.freshTombstones.length > 0) return true;
  return nowMs >= source.endMs + settleMs && isQuiet(tier, source);
}

/** Tombstones that a tier still has to be told of, as what they hid a part of is hidden whole. */
export function awaitedTombstones(state: ManifestState, tiers: readonly Tier[]): Set<number> {
  const awaited = new Set<number>();
  if (state.tombstones.size === 0) return awaited;
  for (const tier of tiers) {
    for (const { freshTombstones } of lacking(state, tier)) {
      for (const { sequence } of freshTombstones) awaited.add(sequence);
    }
  }
  return awaited;
}
