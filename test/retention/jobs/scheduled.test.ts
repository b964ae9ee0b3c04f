import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type Job, Queue } from 'bullmq';
import * as assert from 'uvu/assert';
import {
  type JobKind,
  type JobMode,
  type Jobs,
  QUEUE_PREFIXES,
} from '../../../retention/jobs/jobs.ts';
import { startRedisJobs } from '../../../retention/jobs/scheduled.ts';
import { createSimClock, type SimClock } from '../../sim/sim-clock.ts';
import { abandon, absentRedisUrl, type RedisServer, startRedis } from '../../support/redis.ts';
import { createTestLog } from '../../support/retention.ts';
import { suite } from '../../support/suite.ts';

const scheduled = suite('retention/jobs/scheduled');

/** Between jobs of Redis, whose time is real; the watching timer's passes when a test says so. */
const EVERY_MS = 100;

let redis: RedisServer;
const toClose: (() => Promise<void>)[] = [];

scheduled.before(async () => {
  redis = await startRedis();
});

scheduled.after.each(async () => {
  for (let close = toClose.pop(); close !== undefined; close = toClose.pop()) await close();
});

scheduled.after(async () => {
  await redis.kill();
});

function start({
  url = redis.url,
  serverId = randomUUID(),
  everyMs = EVERY_MS,
  kind = 'sweep',
  sweep = async () => {},
}: {
  url?: string;
  serverId?: string;
  kind?: JobKind;
  everyMs?: number;
  sweep?: () => Promise<void>;
} = {}) {
  const events = new EventEmitter();
  const modes: JobMode[] = [];
  const log = createTestLog();
  const sim = createSimClock();
  const counts = { sweeps: 0 };
  const jobs = startRedisJobs({
    clock: sim.clock,
    scheduler: sim.scheduler,
    redisUrl: url,
    serverId,
    everyMs,
    logger: log.logger,
    kind,
    body() {
      counts.sweeps++;
      events.emit('sweep');
      return sweep();
    },
    onMode(mode) {
      modes.push(mode);
      events.emit(mode);
    },
  });
  const stop = () => stopped(jobs, sim);
  toClose.push(stop);
  const on = (event: JobMode | 'sweep') => once(events, event);
  return { jobs, counts, modes, log, sim, serverId, stop, on };
}

/** Stops jobs whose timers wait for the test: time passes until they have stopped. */
async function stopped(jobs: Jobs, sim: SimClock): Promise<void> {
  let isStopped = false;
  const stop = jobs.stop().then(() => {
    isStopped = true;
  });
  while (!isStopped) {
    sim.advance(10);
    await new Promise(setImmediate);
  }
  await stop;
}

/** The job that was heard of is over: while it is under way no other is missed. */
function jobEnded(): Promise<void> {
  return new Promise(setImmediate);
}

function inspect(serverId: string, kind: JobKind = 'sweep'): Queue {
  const queue = new Queue(QUEUE_PREFIXES[kind] + serverId, { connection: { url: redis.url } });
  toClose.push(() => queue.close());
  return queue;
}

scheduled('Redis starts the sweeps, one per interval', async () => {
  const { jobs, modes, on, serverId } = start();
  await on('redis');
  await on('sweep');
  await on('sweep');
  assert.is(jobs.mode, 'redis');
  assert.equal(modes, ['local', 'redis']);
  const schedulers = await inspect(serverId).getJobSchedulers();
  assert.equal(
    schedulers.map(({ key, every }) => [key, every]),
    [['sweep', EVERY_MS]],
  );
});

for (const kind of ['sweep', 'rollup', 'compaction'] as const) {
  scheduled(`a ${kind} runs once however many workers its server has`, async () => {
    const serverId = randomUUID();
    const workers = Array.from({ length: 3 }, () => start({ serverId, kind }));
    const total = () => workers.reduce((sum, { counts }) => sum + counts.sweeps, 0);
    while (total() < 4) await Promise.race(workers.map(({ on }) => on('sweep')));
    await Promise.all(workers.map(({ stop }) => stop()));
    const done = await inspect(serverId, kind).getCompleted();
    assert.is(total(), done.length);
    assert.is(new Set(done.map(({ id }) => id)).size, done.length);
  });
}

scheduled('the job of a worker that was killed is taken over', async () => {
  const serverId = randomUUID();
  const queue = inspect(serverId, 'compaction');
  await queue.add('compaction', {}, { jobId: 'left' });
  const left = await abandon(queue.name, redis.url);
  toClose.push(left.close);
  const { on } = start({ serverId, kind: 'compaction', everyMs: 3_600_000 });
  await on('sweep');
  while ((await queue.getJobState('left')) !== 'completed');
});

scheduled('a restart keeps the schedule', async () => {
  const serverId = randomUUID();
  const first = start({ serverId, everyMs: 3_600_000 });
  await first.on('sweep');
  await first.stop();
  const second = start({ serverId, everyMs: 3_600_000 });
  await second.on('redis');
  await second.stop();
  assert.is(second.counts.sweeps, 0);
  assert.is((await inspect(serverId).getDelayed()).length, 1);
});

scheduled('servers do not take jobs of each other', async () => {
  const hourly = start({ everyMs: 3_600_000 });
  const quick = start();
  await hourly.on('sweep');
  for (let i = 0; i < 5; i++) await quick.on('sweep');
  assert.is(hourly.counts.sweeps, 1);
});

scheduled('without Redis, sweeps start locally, and it is said once', async () => {
  const { jobs, log, sim, counts } = start({ url: await absentRedisUrl() });
  await log.next('Redis is away');
  sim.advance(3 * EVERY_MS);
  assert.is(jobs.mode, 'local');
  assert.is(counts.sweeps, 3);
  assert.is(log.lines.length, 1);
  assert.is(log.lines[0]?.level, 'warn');
});

scheduled('Redis may be killed and come back empty: local sweeps meanwhile', async () => {
  const { jobs, modes, log, sim, counts, on } = start();
  await on('sweep');

  const away = on('local');
  await redis.kill();
  await away;
  const before = counts.sweeps;
  sim.advance(2 * EVERY_MS);
  assert.is(counts.sweeps, before + 2);
  assert.is(log.lines.at(-1)?.level, 'warn');

  const back = on('redis');
  await redis.start();
  await back;
  await on('sweep');
  await on('sweep');
  assert.is(jobs.mode, 'redis');
  assert.equal(modes, ['local', 'redis', 'local', 'redis']);
});

scheduled(
  'a Redis that hangs is noticed by the jobs that do not come, and stopping does not hang',
  async () => {
    const { jobs, sim, counts, on, stop } = start();
    await on('sweep');
    redis.freeze();
    try {
      await jobEnded();
      // What Redis sent before it froze has been read or waits: only the timer moves from here on.
      while (jobs.mode === 'redis') sim.advance(EVERY_MS);
      const before = counts.sweeps;
      sim.advance(10 * EVERY_MS);
      assert.is(counts.sweeps, before + 10);
      await stop();
    } finally {
      redis.thaw();
    }
  },
);

scheduled('a schedule that was deleted is offered again', async () => {
  const { jobs, sim, on, serverId } = start();
  await on('sweep');
  const queue = inspect(serverId);
  await queue.obliterate({ force: true });
  const back = on('redis');
  await jobEnded();
  while (jobs.mode === 'redis') sim.advance(EVERY_MS);
  await back;
  assert.is((await queue.getJobSchedulers()).length, 1);
  await on('sweep');
});

scheduled('a sweep that fails is tried again, then is a failed job, and others come', async () => {
  const { on, serverId, stop } = start({
    sweep: () => Promise.reject(new Error('the disk is full')),
  });
  const queue = inspect(serverId);
  for (let failed: Job[] = []; failed.length === 0; failed = await queue.getFailed()) {
    await on('sweep');
  }
  await stop();
  const [failed] = await queue.getFailed();
  assert.is(failed?.failedReason, 'the disk is full');
  assert.is(failed?.attemptsMade, 3);
});

scheduled('stopping lets the sweep under way finish', async () => {
  const events: string[] = [];
  let finish = () => {};
  const { on, stop } = start({
    sweep: () =>
      new Promise((resolve) => {
        finish = () => {
          events.push('swept');
          resolve();
        };
      }),
  });
  await on('sweep');
  const stopping = stop().then(() => events.push('stopped'));
  finish();
  await stopping;
  assert.equal(events, ['swept', 'stopped']);
});

scheduled.run();
