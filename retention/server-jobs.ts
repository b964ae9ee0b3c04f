// All jobs of one server: on Redis a queue for each kind, else timers of this process.

import type { Clock, Scheduler } from '../storage/index.ts';
import type { AskedJobs, JobBody, JobMode, Jobs } from './jobs/jobs.ts';
import { startLocalJobs } from './jobs/local.ts';
import type { RetentionLogger } from './logger.ts';
import type { SnapshotJob, SnapshotReport, SnapshotRequest } from './snapshots.ts';

/** A window that has closed is merged so long after it is due, at most, ms. */
const COMPACTION_EVERY_MS_MAX = 60_000;

export interface ServerJobsOptions {
  readonly sweep: JobBody;
  readonly rollUp: JobBody;
  readonly compact: JobBody;
  readonly snapshot: SnapshotJob;
  /** From the start of a sweep to the start of the next, ms. */
  readonly sweepEveryMs: number;
  /** redis:// or rediss:// */
  readonly redisUrl: string | undefined;
  readonly serverId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: RetentionLogger;
  /** Called with what starts the sweeps, at the start and after each change. */
  readonly onMode: (mode: JobMode) => void;
}

export interface ServerJobs {
  /** What starts the next sweep. */
  readonly mode: JobMode;
  readonly snapshots: Pick<AskedJobs<SnapshotRequest, SnapshotReport>, 'ask'>;
  /** Resolves once none of those that come by time is under way and none will start. */
  stop(): Promise<void>;
}

export async function startServerJobs(options: ServerJobsOptions): Promise<ServerJobs> {
  if (options.redisUrl === undefined) return startOnTimers(options);
  return startOnRedis(options, options.redisUrl);
}

function startOnTimers(options: ServerJobsOptions): ServerJobs {
  const { sweep, rollUp, compact, snapshot, scheduler, sweepEveryMs } = options;
  options.onMode('local');
  /** What is dropped is summarised before it goes, so that a sweep does not wait for the rest. */
  const sweepThenRollUp = async () => {
    try {
      await sweep();
    } finally {
      await rollUp();
    }
  };
  const jobs = [
    startLocalJobs({ body: sweepThenRollUp, everyMs: sweepEveryMs, scheduler }),
    startLocalJobs({ body: compact, everyMs: compactionEveryMs(options), scheduler }),
  ];
  return { mode: 'local', snapshots: { ask: snapshot }, stop: () => stopAll(jobs) };
}

async function startOnRedis(options: ServerJobsOptions, redisUrl: string): Promise<ServerJobs> {
  // A server without Redis starts a quarter of a second sooner without its clients.
  const { startRedisJobs } = await import('./jobs/scheduled.ts');
  const { startAskedJobs } = await import('./jobs/asked.ts');
  const { sweepEveryMs: everyMs, serverId, clock, scheduler, logger, onMode } = options;
  const common = { redisUrl, serverId, everyMs, clock, scheduler, logger, onMode: () => {} };
  const sweeps = startRedisJobs({ ...common, kind: 'sweep', body: options.sweep, onMode });
  const snapshots = startAskedJobs({ ...common, kind: 'snapshot', body: options.snapshot });
  const jobs = [
    sweeps,
    startRedisJobs({ ...common, kind: 'rollup', body: options.rollUp }),
    startRedisJobs({
      ...common,
      kind: 'compaction',
      body: options.compact,
      everyMs: compactionEveryMs(options),
    }),
    snapshots,
  ];
  return {
    get mode() {
      return sweeps.mode;
    },
    snapshots,
    stop: () => stopAll(jobs),
  };
}

function compactionEveryMs({ sweepEveryMs }: ServerJobsOptions): number {
  return Math.min(sweepEveryMs, COMPACTION_EVERY_MS_MAX);
}

async function stopAll(jobs: readonly Pick<Jobs, 'stop'>[]): Promise<void> {
  await Promise.all(jobs.map((own) => own.stop()));
}
