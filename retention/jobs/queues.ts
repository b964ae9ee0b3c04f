// The queues of sweeps on a Redis, of every server that shares it, as they stand now. Reads only.

import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { askRedis, type RedisOptions } from '../redis.ts';
import { QUEUE_PREFIX } from './jobs.ts';

/** Keys that one step of a search looks at: Redis serves others in between. */
const SCAN_KEYS = 1000;

export interface SweepQueue {
  /** As in the file `server-id` of the server's data directory. */
  readonly serverId: string;
  /** Processes that take its jobs now. */
  readonly workers: number;
  /** Due and not taken yet. */
  readonly waiting: number;
  /** Taken by a worker. */
  readonly active: number;
  /** Of those that Redis remembers. */
  readonly failed: number;
  /** ms between jobs; undefined without a schedule. */
  readonly everyMs: number | undefined;
  /** When the next one is due, ms since the epoch. */
  readonly nextMs: number | undefined;
  readonly lastCompleted: { readonly atMs: number; readonly durationMs: number } | undefined;
  readonly lastFailed: { readonly atMs: number; readonly reason: string } | undefined;
}

/** In the order of server ids; rejects with UNAVAILABLE when Redis does not answer. */
export function readSweepQueues(options: RedisOptions): Promise<SweepQueue[]> {
  return askRedis(options, async (connection) => {
    const names = await queueNames(connection);
    return Promise.all(names.sort().map((name) => readQueue(name, connection)));
  });
}

async function queueNames(connection: Redis): Promise<string[]> {
  const names = new Set<string>();
  const match = `bull:${QUEUE_PREFIX}*:meta`;
  for await (const keys of connection.scanStream({ match, count: SCAN_KEYS })) {
    for (const key of keys as string[]) names.add(key.slice('bull:'.length, -':meta'.length));
  }
  return [...names];
}

async function readQueue(name: string, connection: Redis): Promise<SweepQueue> {
  const queue = new Queue(name, { connection, skipMetasUpdate: true });
  // The connection is the caller's, who hears of its errors.
  queue.on('error', () => {});
  try {
    const [counts, workers, [schedule], [completed], [failed]] = await Promise.all([
      queue.getJobCounts('waiting', 'active', 'failed'),
      queue.getWorkersCount(),
      queue.getJobSchedulers(0, 0, true),
      queue.getCompleted(0, 0),
      queue.getFailed(0, 0),
    ]);
    const { waiting = 0, active = 0, failed: failures = 0 } = counts;
    return {
      serverId: name.slice(QUEUE_PREFIX.length),
      ...{ workers, waiting, active, failed: failures },
      everyMs: schedule?.every,
      nextMs: schedule?.next,
      lastCompleted: completed && {
        atMs: finishedMs(completed),
        durationMs: durationMs(completed),
      },
      lastFailed: failed && { atMs: finishedMs(failed), reason: failed.failedReason },
    };
  } finally {
    await queue.close();
  }
}

type FinishedJob = Pick<Job, 'timestamp' | 'processedOn' | 'finishedOn'>;

function finishedMs({ finishedOn, timestamp }: FinishedJob): number {
  return finishedOn ?? timestamp;
}

function durationMs(job: FinishedJob): number {
  return finishedMs(job) - (job.processedOn ?? job.timestamp);
}
