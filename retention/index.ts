// The door of retention: everything else in this room is private to it.

import type { Registry } from 'prom-client';
import {
  type Clock,
  type PublishedPolicies,
  type Scheduler,
  type Storage,
  StorageError,
} from '../storage/index.ts';
import type { JobMode, Jobs } from './jobs/jobs.ts';
import { startLocalJobs } from './jobs/local.ts';
import type { JobQueue } from './jobs/queues.ts';
import type { RetentionLogger } from './logger.ts';
import { createRetentionMetrics } from './metrics.ts';
import type { SweepPlan } from './plan.ts';
import { createPolicySet, type RetentionRules } from './policy.ts';
import type { PolicyFollower, PolicyFollowerOptions } from './policy-sets/follower.ts';
import type { RedisOptions } from './redis.ts';
import { createRollupJob } from './rollups.ts';
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
export type { PolicyStatus, RetentionStatus } from './status.ts';
export type { SweepOutcome } from './sweeper.ts';

/** A job works on tiers for so long at most: others wait for it. */
const ROLLUP_MS_MAX = 20_000;

export interface RetentionOptions {
  /** Opened with its policies, as `createPolicySet` makes them; still owned by the caller. */
  readonly storage: Pick<Storage, 'windows' | 'dropWindows' | 'rollUp' | 'setPolicies'>;
  /** Their policies are those that storage was opened with. */
  readonly rules: RetentionRules;
  /** From the start of a sweep to the start of the next, at least 1 ms. */
  readonly sweepEveryMs: number;
  /** redis:// or rediss://; without one, sweeps run on a timer of this process. */
  readonly redisUrl?: string | undefined;
  /** Letters, digits, dashes; lives as long as the data directory, and no other server has it. */
  readonly serverId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: RetentionLogger;
  readonly registry: Registry;
}

/** Sweeps that run until `stop`; to be stopped before the storage is closed. */
export interface Retention {
  /** What starts the sweeps now. */
  readonly jobMode: JobMode;
  /**
   * Sweeps at once, or after the sweep under way, then brings tiers up to date, of windows too that
   * just got points; rejects as `Storage.dropWindows` does.
   */
  sweepNow(): Promise<SweepOutcome>;
  /** What a sweep at `atMs` (default: now) would drop. */
  plan(atMs?: number): SweepPlan;
  /** What is stored, what the next sweep drops, and what sweeps have dropped since the start. */
  status(): RetentionStatus;
  /** Takes new rules, for stored windows too; a mistake in them rejects as INVALID_ARGUMENT. */
  setRules(rules: RetentionRules): Promise<void>;
  /** Resolves once no sweep is under way and none will start. */
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
  const budgetMs = Math.min(ROLLUP_MS_MAX, sweepEveryMs / 2);
  const rollUp = createRollupJob({ storage, budgetMs, logger, metrics });
  const jobs = await startJobs();

  /** What is dropped is summarised before it goes, so that a sweep does not wait for the rest. */
  async function sweepThenRollUp(): Promise<void> {
    try {
      await sweeper.sweep();
    } finally {
      await rollUp();
    }
  }

  async function startJobs(): Promise<Jobs> {
    if (redisUrl === undefined) {
      metrics.jobMode('local');
      return startLocalJobs({ body: sweepThenRollUp, everyMs: sweepEveryMs, scheduler });
    }
    // A server without Redis starts a quarter of a second sooner without its clients.
    const { startRedisJobs } = await import('./jobs/bullmq.ts');
    const common = { redisUrl, serverId, everyMs: sweepEveryMs, clock, scheduler, logger };
    const { jobMode: onMode } = metrics;
    const sweeps = startRedisJobs({ ...common, kind: 'sweep', body: sweeper.sweep, onMode });
    const rollups = startRedisJobs({ ...common, kind: 'rollup', body: rollUp, onMode: () => {} });
    return {
      get mode() {
        return sweeps.mode;
      },
      stop: async () => void (await Promise.all([sweeps.stop(), rollups.stop()])),
    };
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
    stop: jobs.stop,
    [Symbol.asyncDispose]: jobs.stop,
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
