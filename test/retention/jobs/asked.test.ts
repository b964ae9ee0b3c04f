import { randomUUID } from 'node:crypto';
import { Job, Queue } from 'bullmq';
import * as assert from 'uvu/assert';
import { startAskedJobs } from '../../../retention/jobs/asked.ts';
import { QUEUE_PREFIXES } from '../../../retention/jobs/jobs.ts';
import { createNodeEnv, StorageError } from '../../../storage/index.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { abandon, absentRedisUrl, type RedisServer, startRedis } from '../../support/redis.ts';
import { rejection } from '../../support/rejection.ts';
import { createTestLog } from '../../support/retention.ts';
import { suite } from '../../support/suite.ts';

const asked = suite('retention/jobs/asked');

interface Request {
  readonly name: string;
}

type Body = (request: Request) => Promise<string>;

const { scheduler, compute } = createNodeEnv(1);
const toClose: (() => Promise<void>)[] = [];
let redis: RedisServer;

asked.before(async () => {
  redis = await startRedis();
});
asked.after.each(async () => {
  for (let close = toClose.pop(); close !== undefined; close = toClose.pop()) await close();
});
asked.after(async () => {
  await redis.kill();
  await compute.close();
});

const report: Body = async ({ name }) => `report of ${name}`;

/** A server's jobs; resolves once they are where they are to be. */
async function start(mode: 'redis' | 'local', body: Body = report, serverId = randomUUID()) {
  const log = createTestLog();
  const done: string[] = [];
  const redisUrl = mode === 'redis' ? redis.url : await absentRedisUrl();
  const said = log.next(mode === 'redis' ? 'Redis is there' : 'Redis is away');
  const jobs = startAskedJobs<Request, string>({
    ...{ kind: 'snapshot', redisUrl, serverId, scheduler, logger: log.logger },
    body(request) {
      done.push(request.name);
      return body(request);
    },
  });
  toClose.push(() => jobs.stop());
  await said;
  return { jobs, log, done, serverId };
}

function queueOf(serverId: string): Queue {
  const queue = new Queue(QUEUE_PREFIXES.snapshot + serverId, { connection: { url: redis.url } });
  toClose.push(() => queue.close());
  return queue;
}

/** Something to wait for, that a test resolves. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

asked('a request is a job that bears its name, and its report is that of the job', async () => {
  const { jobs, serverId } = await start('redis');
  assert.is(jobs.mode, 'redis');
  assert.is(await jobs.ask({ name: 'n-1' }), 'report of n-1');
  await jobs.stop();
  const job = await Job.fromId(queueOf(serverId), 'n-1');
  assert.is(job?.returnvalue, 'report of n-1');
});

asked(
  'each is done once however many workers its server has, and whoever asked is told',
  async () => {
    const serverId = randomUUID();
    const workers = await Promise.all(
      Array.from({ length: 3 }, () => start('redis', report, serverId)),
    );
    const names = Array.from({ length: 9 }, (_, i) => `n-${i}`);
    const reports = await Promise.all(names.map((name, i) => workers[i % 3]!.jobs.ask({ name })));
    assert.equal(
      reports,
      names.map((name) => `report of ${name}`),
    );
    assert.equal(workers.flatMap(({ done }) => done).toSorted(), names);
  },
);

asked('one that fails is tried again', async () => {
  let attempts = 0;
  const { jobs } = await start('redis', async () => {
    if (++attempts < 2) throw new Error('not yet');
    return 'now';
  });
  assert.is(await jobs.ask({ name: 'again' }), 'now');
  assert.is(attempts, 2);
});

asked('without Redis it is done at once, fails as it fails, and that is said', async () => {
  const refusal = new StorageError('UNAVAILABLE', 'the disk is full');
  const { jobs, log, done } = await start('local', async ({ name }) => {
    if (name === 'bad') throw refusal;
    return 'here';
  });
  assert.is(jobs.mode, 'local');
  assert.is(await jobs.ask({ name: 'good' }), 'here');
  assert.is(await rejection(jobs.ask({ name: 'bad' })), refusal);
  assert.equal(done, ['good', 'bad']);
  assert.equal(
    log.lines.map(({ level, message }) => [level, message]),
    [['warn', 'Redis is away: snapshots are made at once']],
  );
});

asked('a Redis that dies meanwhile changes nothing, and what it lost is done here', async () => {
  const gate = createGate();
  const begun = createGate();
  const { jobs, log, done } = await start('redis', async ({ name }) => {
    begun.open();
    await gate.opened;
    return name;
  });
  const first = jobs.ask({ name: 'under-way' });
  await begun.opened;
  // The worker is at the first: this one waits behind it.
  const second = jobs.ask({ name: 'waiting' });
  const away = log.next('Redis is away');
  await redis.kill();
  await away;
  gate.open();
  assert.equal(await Promise.all([first, second]), ['under-way', 'waiting']);
  const back = log.next('Redis is there');
  await redis.start();
  await back;
  assert.is(await jobs.ask({ name: 'later' }), 'later');
  assert.equal(done, ['under-way', 'waiting', 'later']);
});

asked(
  'what Redis brings of a process that was killed is done; what is done already, is not',
  async () => {
    const serverId = randomUUID();
    const queue = queueOf(serverId);
    await queue.add('snapshot', { name: 'left' }, { jobId: 'left' });
    const left = await abandon(queue.name, redis.url);
    toClose.push(left.close);
    const { done, jobs } = await start('redis', report, serverId);
    assert.is(await jobs.ask({ name: 'left' }), 'report of left');
    assert.equal(done, ['left']);
    await queue.add('snapshot', { name: 'left' }, { jobId: 'brought-again' });
    while ((await queue.getJobState('brought-again')) !== 'completed');
    assert.equal(done, ['left']);
  },
);

asked('a Redis that hangs gets so long to answer', async () => {
  const sim = createSimClock();
  const log = createTestLog();
  const there = log.next('Redis is there');
  const jobs = startAskedJobs<Request, string>({
    ...{ kind: 'snapshot', redisUrl: redis.url, serverId: randomUUID() },
    ...{ scheduler: sim.scheduler, logger: log.logger, body: report },
  });
  await there;
  redis.freeze();
  try {
    const answer = jobs.ask({ name: 'hung' });
    const away = log.next('Redis is away');
    sim.advance(5000);
    await away;
    assert.is(await answer, 'report of hung');
    const stopping = jobs.stop();
    sim.advance(5000);
    await stopping;
  } finally {
    redis.thaw();
  }
});

asked.run();
