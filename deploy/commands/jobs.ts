// varve jobs: the jobs that servers have on a Redis, by server and kind.

import { type JobQueue, listJobQueues } from '../../retention/index.ts';
import { formatDuration } from '../config.ts';
import { renderTable } from '../terminal/table.ts';
import { type RedisOfOptions, redisOf } from './redis-option.ts';
import type { World } from './world.ts';

export interface JobsOptions extends RedisOfOptions {
  readonly json?: boolean;
}

const HEADER = [
  'SERVER',
  'JOB',
  'EVERY',
  'WORKERS',
  'WAITING',
  'ACTIVE',
  'FAILED',
  'NEXT',
  'LAST DONE',
  'LAST FAILURE',
];

export async function listJobs(options: JobsOptions, { engine, stdout }: World): Promise<void> {
  const redisUrl = redisOf(options);
  const { scheduler, compute } = engine.createEnv();
  try {
    const queues = await listJobQueues({ redisUrl, scheduler });
    stdout.write(options.json ? `${JSON.stringify(queues)}\n` : report(queues));
  } finally {
    await compute.close();
  }
}

function report(queues: readonly JobQueue[]): string {
  if (queues.length === 0) return 'no server has jobs on this Redis\n';
  return renderTable(HEADER, queues.map(cells));
}

function cells(queue: JobQueue): string[] {
  const { lastCompleted, lastFailed } = queue;
  return [
    queue.serverId,
    queue.kind,
    queue.everyMs === undefined ? '-' : formatDuration(queue.everyMs),
    ...[queue.workers, queue.waiting, queue.active, queue.failed].map(String),
    timeCell(queue.nextMs),
    lastCompleted ? `${timeCell(lastCompleted.atMs)} in ${lastCompleted.durationMs} ms` : '-',
    lastFailed ? `${timeCell(lastFailed.atMs)} ${lastFailed.reason.replaceAll('\n', ' ')}` : '-',
  ];
}

/** RFC 3339. */
function timeCell(timeMs: number | undefined): string {
  return timeMs === undefined ? '-' : new Date(timeMs).toISOString();
}
