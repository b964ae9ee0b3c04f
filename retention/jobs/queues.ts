// The queues of jobs on a Redis, of every server that shares it, as they stand now. Reads only.

import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { askRedis, type RedisOptions } from '../redis.ts';
import { JOB_KINDS, type JobKind, QUEUE_PREFIXES } from './jobs.ts';

/** Keys that one step of a search looks at: Redis serves others in between. */
const SCAN_KEYS = 1000;

export interface JobQueue {
  readonly kind: JobKind;
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

interface QueueName {
  readonly kind: JobKind;
  readonly serverId: string;
}

/** In the order of server ids, then of JOB_KINDS; rejects with UNAVAILABLE without an answer. */
export function readJobQueues(options: RedisOptions): Promise<JobQueue[]> {
  return askRedis(options, async (connection) => {
    const names = await Promise.all(JOB_KINDS.map((kind) => queueNames(kind, connection)));
    const inOrder = names.flat().sort((a, b) => compare(a.serverId, b.serverId));
    return Promise.all(inOrder.map((name) => readQueue(name, connection)));
  });
}

async function queueNames(kind: JobKind, connection: Redis): Promise<QueueName[]> {
  const serverIds = new Set<string>();
  const [before, after] = [`bull:${QUEUE_PREFIXES[kind]}`, ':meta'];
  const match = `${before}*${after}`;
  for await (const keys of connection.scanStream({ match, count: SCAN_KEYS })) {
    for (const key of keys as string[]) serverIds.add(key.slice(before.length, -after.length));
  }
  return [...serverIds].map((serverId) => ({ kind, serverId }));
}

async function readQueue({ kind, serverId }: QueueName, connection: Redis): Promise<JobQueue> {
  const name = QUEUE_PREFIXES[kind] + serverId;
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
      ...{ kind, serverId },
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

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

type FinishedJob = Pick<Job, 'timestamp' | 'processedOn' | 'finishedOn'>;

function finishedMs({ finishedOn, timestamp }: FinishedJob): number {
  return finishedOn ?? timestamp;
}

function durationMs(job: FinishedJob): number {
  return finishedMs(job) - (job.processedOn ?? job.timestamp);
}
