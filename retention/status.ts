// What GET /api/v1/status/retention tells: the next sweep's plan beside what was dropped before.

import type { DroppedByReason } from './drop-tally.ts';
import type { JobMode } from './jobs/jobs.ts';
import type { PolicyPlan, SweepPlan } from './plan.ts';
import type { Sweeper } from './sweeper.ts';

export interface PolicyStatus extends PolicyPlan {
  /** Since the start of the server. */
  readonly dropped: DroppedByReason;
}

export interface RetentionStatus extends Omit<SweepPlan, 'policies' | 'drops' | 'nowMs'> {
  readonly jobMode: JobMode;
  /** ms from the start of a sweep to the start of the next. */
  readonly sweepEveryMs: number;
  /** ms since the epoch. */
  readonly lastSweepMs: number | undefined;
  /** When the next sweep is due, ms since the epoch: what `drops` of the policies is made for. */
  readonly nextSweepMs: number;
  /** Why sweeps drop nothing, when the clock is not believed. */
  readonly doubt: string | undefined;
  /** In force, in their order; then those that only stored windows still have. */
  readonly policies: readonly PolicyStatus[];
}

interface SweepTimes {
  readonly nowMs: number;
  readonly sweepEveryMs: number;
}

export function retentionStatus(
  sweeper: Pick<Sweeper, 'plan' | 'history'>,
  jobMode: JobMode,
  { nowMs, sweepEveryMs }: SweepTimes,
): RetentionStatus {
  const { lastSweepMs, doubt, dropped } = sweeper.history();
  const nextSweepMs = Math.max(nowMs, (lastSweepMs ?? nowMs) + sweepEveryMs);
  const { policies, bytesMax, overBytes } = sweeper.plan(nextSweepMs);
  return {
    ...{ jobMode, sweepEveryMs, lastSweepMs, nextSweepMs, doubt, bytesMax, overBytes },
    policies: policies.map((plan) => ({ ...plan, dropped: dropped.of(plan.name, plan.rollupMs) })),
  };
}
