// The policies in force, and the ids under which they are known on disk. A policy id stands for one
// (name, window width): a policy whose width changes gets a new id, and the windows already stored
// keep the old one until they expire.

import type { PolicyMeta } from './manifest/edit.ts';
import type { Policy, PolicySet } from './types.ts';

export interface PolicyIds {
  /** Policy id of each policy in force, by its position. */
  readonly ids: readonly number[];
  /** What the manifest does not know yet: new ids, and known ones whose `keep` changed. */
  readonly changes: readonly PolicyMeta[];
}

/** Finds or gives the ids of `policies`. Pure. */
export function assignPolicyIds(
  policies: readonly Policy[],
  known: Iterable<PolicyMeta>,
): PolicyIds {
  const stored = [...known];
  let nextId = 1 + stored.reduce((max, { id }) => Math.max(max, id), 0);
  const changes: PolicyMeta[] = [];
  const ids = policies.map(({ name, windowMs, keepMs }) => {
    const match = stored.find((meta) => meta.name === name && meta.windowMs === windowMs);
    if (match?.keepMs === keepMs) return match.id;
    const id = match?.id ?? nextId++;
    changes.push({ id, name, windowMs, keepMs });
    return id;
  });
  return { ids, changes };
}

const DAY_MS = 86_400_000;

/** What holds when no policies are given. */
export const DEFAULT_POLICIES: PolicySet = {
  policies: [{ name: 'default', keepMs: 30 * DAY_MS, windowMs: 7_200_000 }],
  policyOf: () => 0,
};
