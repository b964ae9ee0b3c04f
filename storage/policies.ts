// The policies in force, and the ids under which they are known on disk. A policy id stands for one
// (name, window width): a policy whose width changes gets a new id, and the windows already stored
// keep the old one until they expire. Each of its tiers is a policy of its own, which no series
// belongs to.

import type { DroppedBefore, Edit, ManifestState, PolicyMeta } from './manifest/edit.ts';
import { tierWindowMs } from './rollups/tiers.ts';
import type { Policy, PolicySet } from './types.ts';

export interface PolicyIds {
  /** Policy id of each policy in force, by its position. */
  readonly ids: readonly number[];
  /** What the manifest does not know yet: new ids, other keeps, tiers that are wanted no more. */
  readonly changes: readonly PolicyMeta[];
}

/**
 * Finds or gives the ids of `policies`. A tier that was wanted no more and is wanted again is a new
 * one: the old one lacks what was dropped in between. Pure.
 */
export function assignPolicyIds(
  policies: readonly Policy[],
  { policies: known, dropped }: Pick<ManifestState, 'policies' | 'dropped'>,
): PolicyIds {
  const stored = [...known.values()];
  const left = new Set(stored.filter(({ rollup }) => rollup && rollup.untilMs === undefined));
  let nextId = 1 + stored.reduce((max, { id }) => Math.max(max, id), 0);
  const changes: PolicyMeta[] = [];
  const idOf = (wanted: Omit<PolicyMeta, 'id'>): number => {
    const match = stored.find((meta) => isSame(meta, wanted));
    if (match !== undefined) left.delete(match);
    if (match?.keepMs === wanted.keepMs) return match.id;
    const id = match?.id ?? nextId++;
    // The windows of a tier keep their width for good: it is only the size of what is dropped.
    changes.push({ id, ...wanted, windowMs: match?.windowMs ?? wanted.windowMs });
    return id;
  };
  const ids = policies.map(({ name, windowMs, keepMs, rollups = [] }) => {
    const sourceId = idOf({ name, windowMs, keepMs });
    for (const { everyMs, keepMs: tierKeepMs } of rollups) {
      const tierMs = tierWindowMs(windowMs, everyMs, tierKeepMs);
      const rollup = { everyMs, sourceId };
      idOf({ name, windowMs: tierMs, keepMs: tierKeepMs, rollup });
    }
    return sourceId;
  });
  for (const { rollup, ...policy } of left) {
    const untilMs = dropped.get(rollup!.sourceId) ?? Number.NEGATIVE_INFINITY;
    changes.push({ ...policy, rollup: { ...rollup!, untilMs } });
  }
  return { ids, changes };
}

function isSame(meta: PolicyMeta, wanted: Omit<PolicyMeta, 'id'>): boolean {
  const { name, windowMs, rollup } = wanted;
  if (rollup === undefined) {
    return meta.rollup === undefined && meta.name === name && meta.windowMs === windowMs;
  }
  return (
    meta.rollup?.sourceId === rollup.sourceId &&
    meta.rollup.everyMs === rollup.everyMs &&
    meta.rollup.untilMs === undefined
  );
}

/** The edit that brings `changes`. A new tier has nothing of what its source has lost already. */
export function policyEdit(
  { policies, dropped }: Pick<ManifestState, 'policies' | 'dropped'>,
  changes: readonly PolicyMeta[],
): Edit {
  const lost: DroppedBefore[] = [];
  for (const { id, rollup } of changes) {
    const beforeMs = rollup && dropped.get(rollup.sourceId);
    if (beforeMs !== undefined && !policies.has(id)) lost.push({ policyId: id, beforeMs });
  }
  return { policies: changes, ...(lost.length > 0 && { dropped: lost }) };
}

const DAY_MS = 86_400_000;

/** What holds when no policies are given. */
export const DEFAULT_POLICIES: PolicySet = {
  policies: [{ name: 'default', keepMs: 30 * DAY_MS, windowMs: 7_200_000 }],
  policyOf: () => 0,
};
