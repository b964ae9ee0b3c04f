import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Queue, Worker } from 'bullmq';
import * as assert from 'uvu/assert';
import { QUEUE_PREFIXES } from '../../../retention/jobs/jobs.ts';
import { readJobQueues } from '../../../retention/jobs/queues.ts';
import { StorageError } from '../../../storage/index.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { absentRedisUrl, type RedisServer, startRedis } from '../../support/redis.ts';
import { rejection } from '../../support/rejection.ts';
import { suite } from '../../support/suite.ts';

const queues = suite('retention/jobs/queues');

let redis: RedisServer;
queues.before(async () => {
  redis = await startRedis();
});
queues.after(async () => {
  await redis.kill();
});

const { scheduler } = createSimClock();
const read = (redisUrl = redis.url) => readJobQueues({ redisUrl, scheduler });

/** A queue with one job that was done, one that failed, and two of which one waits. */
async function fillQueue(serverId: string): Promise<() => Promise<void>> {
  const name = QUEUE_PREFIXES.sweep + serverId;
  const connection = { url: redis.url };
  const queue = new Queue(name, { connection });
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const body = async ({ name: kind }: { name: string }) => {
    if (kind === 'fails') throw new Error('the disk is full');
    if (kind === 'lasts') await held;
  };
  const worker = new Worker(name, body, { connection });
  const ended = once(worker, 'completed');
  await queue.add('sweep', {});
  await ended;
  const failed = once(worker, 'failed');
  await queue.add('fails', {});
  await failed;
  const active = once(worker, 'active');
  await queue.add('lasts', {});
  await active;
  await queue.add('waits', {});
  await queue.upsertJobScheduler('sweep', { every: 3_600_000 }, { name: 'sweep' });
  return async () => {
    finish();
    await worker.close();
    await queue.close();
  };
}

queues('lists what every server has waiting, running, done and failed', async () => {
  assert.equal(await read(), []);
  const serverId = randomUUID();
  const close = await fillQueue(serverId);
  try {
    const [queue, ...others] = await read();
    assert.is(others.length, 0);
    if (queue === undefined) return assert.unreachable('no queue');
    assert.is(queue.serverId, serverId);
    assert.is(queue.everyMs, 3_600_000);
    assert.ok(queue.nextMs !== undefined);
    assert.is(queue.workers, 1);
    assert.is(queue.active, 1);
    assert.ok(queue.waiting >= 1);
    assert.is(queue.failed, 1);
    assert.is(queue.lastFailed?.reason, 'the disk is full');
    assert.ok(queue.lastCompleted!.durationMs >= 0);
    assert.ok(queue.lastCompleted!.atMs <= queue.lastFailed!.atMs);
  } finally {
    await close();
  }
});

queues('only looks: a queue is as it was, and other queues are not its business', async () => {
  const connection = { url: redis.url };
  const other = new Queue('somebody-elses', { connection });
  await other.add('job', {});
  const before = await read();
  assert.equal(await read(), before);
  assert.not.ok(before.some(({ serverId }) => serverId.includes('somebody')));
  await other.close();
});

queues('a Redis that is not there is named, without its password', async () => {
  const { host } = new URL(await absentRedisUrl());
  const error = await rejection(read(`redis://user:secret@${host}`));
  assert.ok(error instanceof StorageError && error.code === 'UNAVAILABLE');
  assert.match(error.message, new RegExp(`^Redis at ${host} does not serve: .*ECONNREFUSED`));
  assert.not.match(error.message, /secret/);
});

queues('what never answers is given up', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const time = createSimClock();
  const asked = once(server, 'connection');
  const options = { redisUrl: `redis://127.0.0.1:${port}`, scheduler: time.scheduler };
  const outcome = rejection(readJobQueues(options));
  await asked;
  time.advance(60_000);
  assert.match(((await outcome) as Error).message, /no answer within 10000 ms/);
  server.close();
});

queues.run();
