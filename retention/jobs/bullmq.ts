// One kind of job as BullMQ jobs. Each server has a queue of its own for it, since only the process
// that owns a directory can work on it, and on the queue one job scheduler: Redis makes one job per
// interval, and whichever worker of the queue takes it, it is done once. A job left by a process
// that died is taken over by the next one.
//
// A timer watches beside it. While Redis is away, or has given no job for OVERDUE_INTERVALS (hung,
// or emptied under us), the timer starts jobs itself, and offers the schedule to Redis again.

import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Clock, Scheduler } from '../../storage/index.ts';
import type { RetentionLogger } from '../logger.ts';
import { type JobBody, type JobKind, type JobMode, type Jobs, QUEUE_PREFIXES } from './jobs.ts';

/** Intervals without a job after which Redis counts as away. */
const OVERDUE_INTERVALS = 2;
/** Longest wait between attempts to reach Redis, ms. */
const RECONNECT_MS_MAX = 5000;
/** Longest wait for Redis when stopping, ms. */
const CLOSE_MS_MAX = 2000;
/** Jobs that Redis remembers once done, for dashboards. */
const JOBS_KEPT = 20;

export interface RedisJobsOptions {
  readonly kind: JobKind;
  readonly body: JobBody;
  /** ms between jobs. */
  readonly everyMs: number;
  /** redis:// or rediss:// */
  readonly redisUrl: string;
  /** Names the queue: lives as long as the data directory, and no other server has it. */
  readonly serverId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: RetentionLogger;
  /** Called with the mode at the start and after each change. */
  readonly onMode: (mode: JobMode) => void;
}

/** Returns at once, in local mode; Redis is used from the moment it answers. */
export function startRedisJobs(options: RedisJobsOptions): Jobs {
  const { kind, body, everyMs, redisUrl, serverId, clock, scheduler, logger, onMode } = options;
  const queueName = `${QUEUE_PREFIXES[kind]}${serverId}`;
  let isStopped = false;
  const connection = new Redis(redisUrl, {
    // BullMQ asks for it: its commands wait for the connection rather than fail.
    maxRetriesPerRequest: null,
    // Null: no connection is made again once this has stopped.
    retryStrategy: (attempts) =>
      isStopped ? null : Math.min(50 * 2 ** Math.min(attempts, 10), RECONNECT_MS_MAX),
  });
  const queue = new Queue(queueName, { connection });
  const worker = new Worker(queueName, takeJob, { connection });
  const keep = { removeOnComplete: { count: JOBS_KEPT }, removeOnFail: { count: JOBS_KEPT } };

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

  connection.on('ready', () => void offerSchedule());
  connection.on('close', () => goLocal('the connection is closed'));
  connection.on('error', (error) => goLocal(error.message));
  // Most of these are echoes of the above, and a Redis that came back empty misses the job that was
  // under way; one that matters keeps the jobs from coming.
  const noteTrouble = (error: Error) => {
    trouble = error.message;
  };
  queue.on('error', noteTrouble);
  worker.on('error', noteTrouble);

  async function takeJob(): Promise<void> {
    goRedis();
    await run();
  }

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
    if (connection.status === 'ready') void offerSchedule();
  }

  async function offerSchedule(): Promise<void> {
    // A hung Redis gets one offer to answer, not one per tick.
    if (isOffering) return;
    isOffering = true;
    try {
      await queue.upsertJobScheduler(kind, { every: everyMs }, { name: kind, opts: keep });
      if (connection.status === 'ready') goRedis();
    } catch (error) {
      goLocal(error instanceof Error ? error.message : String(error));
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
    logger.info({ queue: queueName }, `Redis is there: ${kind}s run as its jobs`);
  }

  function goLocal(reason: string): void {
    if (isStopped) return;
    if (!saidAway) {
      logger.warn({ queue: queueName, reason }, `Redis is away: ${kind}s run on a local timer`);
    }
    saidAway = true;
    if (mode === 'local') return;
    mode = 'local';
    onMode(mode);
  }

  /**
   * Closing waits for Redis to note that a job is done, and sometimes for ever while a connection
   * is being made again: it gets no longer than CLOSE_MS_MAX.
   */
  async function letGo(): Promise<void> {
    let cancelDeadline = () => {};
    const deadline = new Promise<void>((resolve) => {
      cancelDeadline = scheduler.after(CLOSE_MS_MAX, resolve);
    });
    const isAway = connection.status !== 'ready';
    const closing = worker.close(isAway).then(() => queue.close());
    await Promise.race([closing.catch(noteTrouble), deadline]);
    cancelDeadline();
    connection.disconnect();
  }

  return {
    get mode() {
      return mode;
    },
    async stop() {
      isStopped = true;
      cancelTick();
      await letGo();
      await underWay;
    },
  };
}
