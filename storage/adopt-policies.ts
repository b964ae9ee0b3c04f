// Puts other policies in force: in the manifest first, then for the series in use.

import type { Core } from './core.ts';
import { assignPolicyIds, policyEdit } from './policies.ts';
import type { PolicySet } from './types.ts';

/** See Storage.setPolicies. */
export async function adoptPolicies({ catalog, series }: Core, policies: PolicySet): Promise<void> {
  let policyIds: readonly number[] = [];
  await catalog.apply((state) => {
    const { ids, changes } = assignPolicyIds(policies.policies, state);
    policyIds = ids;
    return changes.length > 0 ? policyEdit(state, changes) : undefined;
  });
  series.setPolicies(policies, policyIds);
}
