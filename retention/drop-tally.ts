// What was dropped since the start, by policy and reason.

import type { WindowInfo } from '../storage/index.ts';
import type { Drop, DropReason } from './plan.ts';
import { ruleKey } from './policy.ts';

/** Sums over dropped windows. */
export interface DroppedTotals {
  windows: number;
  points: number;
  sizeBytes: number;
}

export type DroppedByReason = Readonly<Record<DropReason, Readonly<DroppedTotals>>>;

export interface DropTally {
  add(drops: readonly Drop[]): void;
  /** Of a policy's points, or with `rollupMs` of a tier; a name may have been another's before. */
  of(policyName: string, rollupMs?: number): DroppedByReason;
}

export function createDropTally(): DropTally {
  const byPolicy = new Map<string, Record<DropReason, DroppedTotals>>();
  return {
    add(drops) {
      for (const { window, reason } of drops) {
        const key = ruleKey(window.policy.name, window.rollupMs);
        const sums = byPolicy.get(key) ?? nothingDropped();
        byPolicy.set(key, sums);
        addTo(sums[reason], window);
      }
    },
    of: (name, rollupMs) => byPolicy.get(ruleKey(name, rollupMs)) ?? nothingDropped(),
  };
}

function addTo(sums: DroppedTotals, { points, sizeBytes }: WindowInfo): void {
  sums.windows++;
  sums.points += points;
  sums.sizeBytes += sizeBytes;
}

function nothingDropped(): Record<DropReason, DroppedTotals> {
  const nothing = (): DroppedTotals => ({ windows: 0, points: 0, sizeBytes: 0 });
  return { keep: nothing(), max_bytes: nothing(), total_max_bytes: nothing() };
}
