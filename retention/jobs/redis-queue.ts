// What all jobs on Redis have in common: a connection that is made again for ever, a queue of the
// server's own, since only the process that owns a directory can work on it, and a worker for it.

import { type DefaultJobOptions, type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Scheduler } from '../../storage/index.ts';
import { type JobKind, QUEUE_PREFIXES } from './jobs.ts';

/** Longest wait between attempts to reach Redis, ms. */
const RECONNECT_MS_MAX = 5000;
/** Longest wait for Redis when stopping, ms. */
const CLOSE_MS_MAX = 2000;
/** Jobs that Redis remembers once done, for dashboards. */
const JOBS_KEPT = 20;
/** A job that fails is tried so often, each time after twice the wait. */
const ATTEMPTS = 3;

export interface RedisQueueOptions {
  readonly kind: JobKind;
  /** redis:// or rediss:// */
  readonly redisUrl: string;
  /** Names the queue: lives as long as the data directory, and no other server has it. */
  readonly serverId: string;
  readonly scheduler: Scheduler;
  /** Does a job that the worker was given. */
  take(job: Job): Promise<unknown>;
  /** Redis answers, at first and whenever it is back. */
  onReady(): void;
  /** It does not, and why; told again with each attempt. */
  onAway(reason: string): void;
  /** Of the queue or the worker: mostly echoes of the above. */
  onTrouble(error: Error): void;
}

export interface RedisQueue {
  readonly name: string;
  readonly queue: Queue;
  readonly isConnected: boolean;
  close(): Promise<void>;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For jobs of which the first retry comes after `retryMs`. */
export function jobOptions(retryMs: number): DefaultJobOptions {
  return {
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: Math.ceil(retryMs) },
    removeOnComplete: { count: JOBS_KEPT },
    removeOnFail: { count: JOBS_KEPT },
  };
}

/** Returns at once; Redis is used from the moment it answers. */
export function openRedisQueue(options: RedisQueueOptions): RedisQueue {
  const { kind, redisUrl, serverId, scheduler, onReady, onAway, onTrouble } = options;
  const name = `${QUEUE_PREFIXES[kind]}${serverId}`;
  let isClosing = false;
  const connection = new Redis(redisUrl, {
    // BullMQ asks for it: its commands wait for the connection rather than fail.
    maxRetriesPerRequest: null,
    // Null: no connection is made again once this has stopped.
    retryStrategy: (attempts) =>
      isClosing ? null : Math.min(50 * 2 ** Math.min(attempts, 10), RECONNECT_MS_MAX),
  });
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, (job) => options.take(job), { connection });
  connection.on('ready', onReady);
  connection.on('close', () => onAway('the connection is closed'));
  connection.on('error', (error) => onAway(error.message));
  queue.on('error', onTrouble);
  worker.on('error', onTrouble);

  return {
    name,
    queue,
    get isConnected() {
      return connection.status === 'ready';
    },
    /**
     * Waits for Redis to note that a job is done, which sometimes takes for ever while a connection
     * is being made again: it gets no longer than CLOSE_MS_MAX.
     */
    async close() {
      isClosing = true;
      let cancelDeadline = () => {};
      const deadline = new Promise<void>((resolve) => {
        cancelDeadline = scheduler.after(CLOSE_MS_MAX, resolve);
      });
      const isAway = connection.status !== 'ready';
      const closing = worker.close(isAway).then(() => queue.close());
      await Promise.race([closing.catch(onTrouble), deadline]);
      cancelDeadline();
      connection.disconnect();
    },
  };
}
