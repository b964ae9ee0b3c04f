// The door of retention: everything else in this room is private to it.

import type { Registry } from 'prom-client';
import {
  type Clock,
  type PublishedPolicies,
  type Scheduler,
  type Storage,
  StorageError,
} from '../storage/index.ts';
import { createCompactionJob } from './compactions.ts';
import type { JobMode } from './jobs/jobs.ts';
import type { JobQueue } from './jobs/queues.ts';
import type { RetentionLogger } from './logger.ts';
import { createRetentionMetrics } from './metrics.ts';
import type { SweepPlan } from './plan.ts';
import { createPolicySet, type RetentionRules } from './policy.ts';
import type { PolicyFollower, PolicyFollowerOptions } from './policy-sets/follower.ts';
import type { RedisOptions } from './redis.ts';
import { createRollupJob } from './rollups.ts';
import { startServerJobs } from './server-jobs.ts';
import { createSnapshotJob, type SnapshotReport, type SnapshotRequest } from './snapshots.ts';
import { type RetentionStatus, retentionStatus } from './status.ts';
import { createSweeper, type SweepOutcome } from './sweeper.ts';

export type { JobMode } from './jobs/jobs.ts';
export type { JobQueue } from './jobs/queues.ts';
export type { RetentionLogger } from './logger.ts';
export {
  type Drop,
  type DropReason,
  type PolicyPlan,
  planSweep,
  type SweepPlan,
  type WindowTotals,
} from './plan.ts';
export { formatPlan } from './plan-text.ts';
export {
  createPolicySet,
  type PolicyConfig,
  type PolicyMistake,
  policyMistakes,
  type RetentionRules,
} from './policy.ts';
export type { PolicyFollower, PolicyFollowerOptions } from './policy-sets/follower.ts';
export type { RedisOptions } from './redis.ts';
export type { SnapshotReport, SnapshotRequest } from './snapshots.ts';
export type { PolicyStatus, RetentionStatus } from './status.ts';
export type { SweepOutcome } from './sweeper.ts';

/** A job on tiers, or of merging, begins nothing more after so long: others wait for it. */
const JOB_MS_MAX = 20_000;

export interface RetentionOptions {
  /** Opened with its policies, as `createPolicySet` makes them; still owned by the caller. */
  readonly storage: Pick<
    Storage,
    'windows' | 'dropWindows' | 'rollUp' | 'compactDue' | 'snapshot' | 'setPolicies'
  >;
  /** Where snapshots are made. */
  readonly snapshotsDir: string;
  /** Their policies are those that storage was opened with. */
  readonly rules: RetentionRules;
  /** From the start of a sweep to the start of the next, at least 1 ms. */
  readonly sweepEveryMs: number;
  /** redis:// or rediss://; without one, jobs run on timers of this process. */
  readonly redisUrl?: string | undefined;
  /** Letters, digits, dashes; lives as long as the data directory, and no other server has it. */
  readonly serverId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: RetentionLogger;
  readonly registry: Registry;
}

/** The jobs of a server, which run until `stop`; to be stopped before the storage is closed. */
export interface Retention {
  /** What starts the sweeps now. */
  readonly jobMode: JobMode;
  /**
   * Sweeps at once, or after the sweep under way, then brings tiers up to date, of windows too that
   * just got points; rejects as `Storage.dropWindows` does.
   */
  sweepNow(): Promise<SweepOutcome>;
  /**
   * Makes a snapshot: as a job, or at once without Redis. Asked for again under the same name, it
   * is the same one. Rejects as `Storage.snapshot` does.
   */
  snapshot(request: SnapshotRequest): Promise<SnapshotReport>;
  /** What a sweep at `atMs` (default: now) would drop. */
  plan(atMs?: number): SweepPlan;
  /** What is stored, what the next sweep drops, and what sweeps have dropped since the start. */
  status(): RetentionStatus;
  /** Takes new rules, for stored windows too; a mistake in them rejects as INVALID_ARGUMENT. */
  setRules(rules: RetentionRules): Promise<void>;
  /**
   * Resolves once no sweep is under way, nor any work on tiers, and no job will start. Merges and
   * snapshots under way are the storage's to end.
   */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** To be called before new points are written, see clock-guard.ts. Does not wait for Redis. */
export async function startRetention(options: RetentionOptions): Promise<Retention> {
  const { storage, sweepEveryMs, redisUrl, serverId, clock, scheduler, logger } = options;
  if (!(sweepEveryMs >= 1 && sweepEveryMs < Infinity)) {
    throw new StorageError('INVALID_ARGUMENT', 'the time between sweeps is at least 1 ms');
  }
  if (!/^[A-Za-z0-9-]+$/.test(serverId)) {
    throw new StorageError('INVALID_ARGUMENT', 'a server id is made of letters, digits and dashes');
  }
  const metrics = createRetentionMetrics(options.registry);
  let { rules } = options;
  const sweeper = createSweeper({ storage, rules: () => rules, clock, logger, metrics });
  const stopping = new AbortController();
  const common = {
    ...{ storage, clock, logger, metrics, signal: stopping.signal },
    budgetMs: Math.min(JOB_MS_MAX, sweepEveryMs / 2),
  };
  const rollUp = createRollupJob(common);
  const jobs = await startServerJobs({
    ...{ sweep: sweeper.sweep, rollUp, compact: createCompactionJob(common) },
    snapshot: createSnapshotJob({ ...common, dir: options.snapshotsDir }),
    ...{ sweepEveryMs, redisUrl, serverId, clock, scheduler, logger, onMode: metrics.jobMode },
  });

  async function stop(): Promise<void> {
    stopping.abort();
    await jobs.stop();
  }

  return {
    get jobMode() {
      return jobs.mode;
    },
    async sweepNow() {
      const outcome = await sweeper.sweep();
      // A failure is logged, and is none of the sweep.
      await rollUp({ all: true }).catch(() => {});
      return outcome;
    },
    plan: sweeper.plan,
    status: () => retentionStatus(sweeper, jobs.mode, { nowMs: clock.nowMs(), sweepEveryMs }),
    async setRules(next) {
      await storage.setPolicies(createPolicySet(next.policies));
      rules = next;
    },
    snapshot: (request) => jobs.snapshots.ask(request),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The jobs of all servers on a Redis; rejects with UNAVAILABLE when it does not answer. */
export async function listJobQueues(options: RedisOptions): Promise<JobQueue[]> {
  const { readJobQueues } = await import('./jobs/queues.ts');
  return readJobQueues(options);
}

/** Follows the policies published on a Redis, see policy-sets/follower.ts. */
export async function followPolicies(options: PolicyFollowerOptions): Promise<PolicyFollower> {
  const follower = await import('./policy-sets/follower.ts');
  return follower.followPolicies(options);
}

/** Replaces the policies that a fleet follows; rejects with UNAVAILABLE without an answer. */
export async function publishPolicies(
  options: RedisOptions,
  text: string,
): Promise<PublishedPolicies> {
  const store = await import('./policy-sets/store.ts');
  return store.publishPolicies(options, text);
}

/** The policies published on a Redis, if any; rejects as `publishPolicies`. */
export async function readPolicies(options: RedisOptions): Promise<PublishedPolicies | undefined> {
  const store = await import('./policy-sets/store.ts');
  return store.readPolicies(options);
}
