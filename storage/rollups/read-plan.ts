// What a scan reads of the policies that have tiers: of each time either points or the steps of one
// tier, so that nothing counts twice. Pure.
//
// Where points are, the widest steps that give the same answer stand in for them, window by window
// and only where the tier has all that the tables have. Where points were dropped, any tier is
// better than nothing: the widest that gives the same answer, or else the finest.

import type { TableMeta } from '../manifest/edit.ts';
import type { RollupRequest } from '../slice-types.ts';
import type { PolicyRead, TimeRange } from '../types.ts';
import type { Version } from '../version.ts';
import { intersection, shifted, unionOf, without } from './ranges.ts';
import { isCurrent, type SourceWindow, sourceWindows } from './source-windows.ts';
import { droppedBeforeMs, madeUntilMs, type RollupState, type Tier, tiersOf } from './tiers.ts';

/** What is read of one policy. */
export interface PolicyPlan {
  readonly sourceId: number;
  readonly tiers: readonly TierRead[];
  /** Times of points that are in steps that are read. */
  readonly hidden: readonly TimeRange[];
}

export interface TierRead {
  readonly tier: Tier;
  /** Where the points are gone: the steps are all there is, whether they suit or not. */
  readonly isAlone: boolean;
  /** Points may have come to these steps after theirs were dropped: they count beside them. */
  readonly hasLate: boolean;
  /** Steps, by their start: ascending, disjoint. */
  readonly ranges: readonly TimeRange[];
}

const BEFORE_ALL = { startMs: Number.NEGATIVE_INFINITY };
const AFTER_ALL = { endMs: Number.POSITIVE_INFINITY };

/**
 * The policies of which steps are read for points in `range`. Windows with a time of `unflushedMs`
 * are read as points, as these are in memory and in no step yet.
 */
export function planReads(
  version: Version,
  range: TimeRange,
  request: RollupRequest,
  unflushedMs: readonly number[] = [],
): PolicyPlan[] {
  const { rollups } = version.parts;
  const tiers = tiersOf(rollups);
  const sourceIds = new Set(tiers.map(({ rollup }) => rollup.sourceId));
  return [...sourceIds]
    .map((sourceId) => {
      const own = tiers.filter(({ rollup }) => rollup.sourceId === sourceId);
      return planPolicy(version, sourceId, own, range, request, unflushedMs);
    })
    .filter((plan) => plan.tiers.length > 0);
}

function planPolicy(
  version: Version,
  sourceId: number,
  tiers: readonly Tier[],
  { startMs, endMs }: TimeRange,
  { exactMs }: RollupRequest,
  unflushedMs: readonly number[],
): PolicyPlan {
  const { rollups } = version.parts;
  const isExact = ({ rollup }: Tier) => exactMs > 0 && exactMs % rollup.everyMs === 0;
  const byWidth = [...tiers].sort((a, b) => b.rollup.everyMs - a.rollup.everyMs);
  const exact = byWidth.filter(isExact);
  const others = byWidth.filter((tier) => !isExact(tier)).reverse();
  const widestMs = byWidth[0]!.rollup.everyMs;
  const goneMs = droppedBeforeMs(rollups, sourceId);
  const ofGone: Pick<TierRead, 'tier' | 'ranges'>[] = [];
  // Two steps more: the one that the range begins in, and one that lasts into it.
  let gone = intersection(
    [{ startMs: startMs - 2 * widestMs, endMs: endMs - 1 }],
    [{ ...BEFORE_ALL, endMs: goneMs }],
  );
  // In the end also what a tier may lack some of, where no other has anything.
  for (const endOf of [madeUntilMs, () => Number.POSITIVE_INFINITY]) {
    for (const tier of [...exact, ...others]) {
      const kept = [{ startMs: droppedBeforeMs(rollups, tier.id), endMs: endOf(tier) }];
      const ranges = intersection(gone, kept);
      if (ranges.length > 0) ofGone.push({ tier, ranges });
      gone = without(gone, ranges);
    }
  }
  const alone = ofGone.length;
  const hasLate = mayHaveLate(
    version,
    ofGone.map(({ tier }) => tier),
    goneMs,
    unflushedMs,
  );
  const reads: TierRead[] = ofGone.map((read) => ({ ...read, isAlone: true, hasLate }));
  let left = intersection(
    [{ startMs: startMs - 1 - widestMs, endMs: endMs - 1 }],
    [{ startMs: goneMs, ...AFTER_ALL }],
  );
  for (const tier of exact) {
    if (left.length === 0) break;
    // It is not told of deletes any more.
    if (tier.rollup.untilMs !== undefined) continue;
    const sources = sourcesOf(version, tier).filter(({ isGone }) => !isGone);
    const ranges = intersection(left, currentWindows(sources, unflushedMs));
    if (ranges.length > 0) reads.push({ tier, isAlone: false, hasLate: false, ranges });
    left = without(left, ranges);
  }
  const hidden = reads.slice(alone).flatMap(({ ranges }) => shifted(ranges, 1));
  if (alone > 0 && !hasLate) hidden.push({ ...BEFORE_ALL, endMs: goneMs + 1 });
  return { sourceId, tiers: reads, hidden: unionOf(hidden) };
}

/**
 * Whether there are points from before `goneMs`, or at it that are not in the step of each tier:
 * those that came late, and those that a tier that is not in force did not get.
 */
function mayHaveLate(
  version: Version,
  tiers: readonly Tier[],
  goneMs: number,
  unflushedMs: readonly number[],
): boolean {
  return (
    unflushedMs.some((timeMs) => timeMs <= goneMs) ||
    tiers.some((tier) =>
      tablesOf(version, tier.rollup.sourceId).some(
        ({ kind, windowEndMs }) => kind === 'points' && windowEndMs <= goneMs,
      ),
    ) ||
    tiers.some((tier) => sourcesOf(version, tier).some((own) => own.isGone && !isCurrent(own)))
  );
}

function tablesOf({ parts }: Version, policyId: number): TableMeta[] {
  return parts.windows
    .filter((window) => window.policyId === policyId)
    .flatMap((window) => window.tables.map(({ meta }) => meta));
}

function sourcesOf(version: Version, tier: Tier): SourceWindow[] {
  const { deletions, rollups } = version.parts;
  const tables = tablesOf(version, tier.rollup.sourceId);
  return sourceWindows({ tables, tombstones: deletions.tombstones }, rollups, tier);
}

function currentWindows(
  sources: readonly SourceWindow[],
  unflushedMs: readonly number[],
): TimeRange[] {
  return unionOf(
    sources
      .filter(isCurrent)
      .filter(({ startMs, endMs }) => !unflushedMs.some((t) => startMs < t && t <= endMs))
      .map(({ startMs, endMs }) => ({ startMs, endMs })),
  );
}

/** For whoever asks what was read: all of `range`, of the policies that steps are read of. */
export function describeReads(
  plans: readonly PolicyPlan[],
  range: TimeRange,
  { policies }: RollupState,
): PolicyRead[] {
  return plans.flatMap(({ sourceId, tiers }) => {
    const policy = policies.get(sourceId)?.name ?? '';
    const ofSteps = tiers.flatMap(({ tier, ranges }) =>
      intersection(shifted(ranges, 1), [range]).map((part) => ({
        ...{ policy, rollupMs: tier.rollup.everyMs },
        ...part,
      })),
    );
    const points = without([range], unionOf(ofSteps)).map((part) => ({ policy, ...part }));
    return [...ofSteps, ...points].sort((a, b) => a.startMs - b.startMs);
  });
}
