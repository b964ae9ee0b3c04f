// One kind of job that comes by time, as BullMQ jobs. On the server's queue there is one job
// scheduler: Redis makes one job per interval, and whichever worker of the queue takes it, it is
// done once. A job left by a process that died is taken over by the next one.
//
// A timer watches beside it. While Redis is away, or has given no job for OVERDUE_INTERVALS (hung,
// or emptied under us), the timer starts jobs itself, and offers the schedule to Redis again.

import type { Clock } from '../../storage/index.ts';
import type { RetentionLogger } from '../logger.ts';
import type { JobBody, JobMode, Jobs } from './jobs.ts';
import { jobOptions, openRedisQueue, type RedisQueueOptions, reasonOf } from './redis-queue.ts';

/** Intervals without a job after which Redis counts as away. */
const OVERDUE_INTERVALS = 2;
/** The first retry comes after this share of the interval, all of them within it ... */
const RETRY_SHARE = 1 / 8;
/** ... and after so long at most, ms. */
const RETRY_MS_MAX = 5000;

export interface RedisJobsOptions
  extends Pick<RedisQueueOptions, 'kind' | 'redisUrl' | 'serverId' | 'scheduler'> {
  readonly body: JobBody;
  /** ms between jobs. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly logger: RetentionLogger;
  /** Called with the mode at the start and after each change. */
  readonly onMode: (mode: JobMode) => void;
}

/** Returns at once, in local mode; Redis is used from the moment it answers. */
export function startRedisJobs(options: RedisJobsOptions): Jobs {
  const { kind, body, everyMs, clock, scheduler, logger, onMode } = options;
  let isStopped = false;
  let mode: JobMode = 'local';
  let saidAway = false;
  /** What last went wrong with the jobs, while none comes. */
  let trouble: string | undefined;
  let isOffering = false;
  let lastJobMs = clock.monotonicMs();
  let underWay: Promise<unknown> = Promise.resolve();
  let isUnderWay = false;
  let cancelTick = scheduler.after(everyMs, tick);
  onMode(mode);

  const redis = openRedisQueue({
    ...options,
    async take() {
      goRedis();
      await run();
    },
    onReady: () => void offerSchedule(),
    onAway: goLocal,
    // A Redis that came back empty misses the job that was under way; what matters keeps the jobs
    // from coming.
    onTrouble(error) {
      trouble = error.message;
    },
  });

  function run(): Promise<unknown> {
    const done = body();
    isUnderWay = true;
    underWay = done
      .catch(() => {})
      .finally(() => {
        isUnderWay = false;
        lastJobMs = clock.monotonicMs();
      });
    return done;
  }

  function tick(): void {
    cancelTick = scheduler.after(everyMs, tick);
    if (mode === 'redis') {
      // None comes while one is under way.
      if (isUnderWay || clock.monotonicMs() - lastJobMs <= OVERDUE_INTERVALS * everyMs) return;
      goLocal(trouble === undefined ? 'no job came' : `no job came: ${trouble}`);
    }
    // A failure is logged by the job; the next tick is its retry.
    run().catch(() => {});
    if (redis.isConnected) void offerSchedule();
  }

  async function offerSchedule(): Promise<void> {
    // A hung Redis gets one offer to answer, not one per tick.
    if (isOffering) return;
    isOffering = true;
    try {
      const opts = jobOptions(Math.min(everyMs * RETRY_SHARE, RETRY_MS_MAX));
      await redis.queue.upsertJobScheduler(kind, { every: everyMs }, { name: kind, opts });
      if (redis.isConnected) goRedis();
    } catch (error) {
      goLocal(reasonOf(error));
    } finally {
      isOffering = false;
    }
  }

  function goRedis(): void {
    lastJobMs = clock.monotonicMs();
    trouble = undefined;
    if (mode === 'redis' || isStopped) return;
    mode = 'redis';
    saidAway = false;
    onMode(mode);
    logger.info({ queue: redis.name }, `Redis is there: ${kind}s run as its jobs`);
  }

  function goLocal(reason: string): void {
    if (isStopped) return;
    if (!saidAway) {
      logger.warn({ queue: redis.name, reason }, `Redis is away: ${kind}s run on a local timer`);
    }
    saidAway = true;
    if (mode === 'local') return;
    mode = 'local';
    onMode(mode);
  }

  return {
    get mode() {
      return mode;
    },
    async stop() {
      isStopped = true;
      cancelTick();
      await redis.close();
      await underWay;
    },
  };
}
