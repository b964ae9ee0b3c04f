// Tiers: what is kept of a policy's points step by step, and for longer than they are. A tier is
// stored like a policy, in windows of its own, and each of its windows has whole windows of its
// source. Pure functions.
//
// A step is named by its start s and has the points of (s, s + everyMs]: the same half-open ranges
// as PromQL's, so that a range that ends where steps do is a whole number of them. The last point
// of a window's steps therefore may be the first of the window after it.

import type { ManifestState, PolicyMeta, TierSource } from '../manifest/edit.ts';
import type { Policy } from '../types.ts';

/** What tiers there are, and how far they have what their sources have. */
export type RollupState = Pick<ManifestState, 'policies' | 'rolled' | 'dropped'>;

/** A policy that has summaries instead of points. */
export type Tier = PolicyMeta & { readonly rollup: TierSource };

/** Steps of a series in a window, about: a table of fewer is mostly overhead. */
const STEPS_PER_WINDOW = 288;
/** A window is kept in whole until the last of it may go: by at most this share of `keep`. */
const WINDOWS_PER_KEEP = 12;

/** Width of the windows of a tier, ms: a multiple of its source's. */
export function tierWindowMs(sourceWindowMs: number, everyMs: number, keepMs: number): number {
  const wantedMs = Math.min(everyMs * STEPS_PER_WINDOW, keepMs / WINDOWS_PER_KEEP);
  return Math.max(1, Math.ceil(wantedMs / sourceWindowMs)) * sourceWindowMs;
}

function isTier(policy: PolicyMeta): policy is Tier {
  return policy.rollup !== undefined;
}

export function tiersOf({ policies }: Pick<RollupState, 'policies'>): Tier[] {
  return [...policies.values()].filter(isTier);
}

/** Tiers that one of `policies` asks for; others only wait for their windows to expire. */
export function tiersInForce(
  state: Pick<RollupState, 'policies'>,
  policies: readonly Policy[],
): Tier[] {
  return tiersOf(state).filter(
    ({ name, rollup }) =>
      rollup.untilMs === undefined &&
      policies.some(
        (policy) =>
          policy.name === name &&
          policy.rollups?.some(({ everyMs }) => everyMs === rollup.everyMs) === true,
      ),
  );
}

/** Of what was dropped of its source, the tier has what lay before. */
export function madeUntilMs({ rollup }: Tier): number {
  return rollup.untilMs ?? Number.POSITIVE_INFINITY;
}

/** Before it nothing of a policy is left, and after it nothing was dropped. */
export function droppedBeforeMs(
  { dropped }: Pick<RollupState, 'dropped'>,
  policyId: number,
): number {
  return dropped.get(policyId) ?? Number.NEGATIVE_INFINITY;
}
