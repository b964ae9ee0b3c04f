import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RetentionOptions, startRetention } from '../../retention/index.ts';
import { type CompactDueOptions, CorruptionError, StorageError } from '../../storage/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { absentRedisUrl } from '../support/redis.ts';
import { rejection } from '../support/rejection.ts';
import {
  createTestLog,
  createWindowStorage,
  DAY_MS,
  HOUR_MS,
  policy,
  windowEnding,
} from '../support/retention.ts';

const retention = suite('retention');

const NOW_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const debug = policy('debug', DAY_MS);
const DEBUG_CONFIG = { ...debug, matchers: [], bytesMax: Infinity };

function setUp(options: Partial<RetentionOptions> = {}) {
  const sim = createSimClock(NOW_MS);
  const storage = createWindowStorage();
  const log = createTestLog();
  const registry = new Registry();
  const start = () =>
    startRetention({
      storage,
      rules: { policies: [DEBUG_CONFIG], bytesMax: Infinity },
      sweepEveryMs: MINUTE_MS,
      snapshotsDir: 'data/snapshots',
      serverId: 'a-1',
      clock: sim.clock,
      scheduler: sim.scheduler,
      logger: log.logger,
      registry,
      ...options,
    });
  return { sim, storage, log, registry, start };
}

retention('a window goes within one interval of its expiry', async () => {
  const { sim, storage, start } = setUp();
  storage.add(windowEnding(debug, NOW_MS - DAY_MS + 30 * MINUTE_MS));
  const own = await start();
  sim.advance(29 * MINUTE_MS);
  await own.sweepNow();
  assert.is(storage.windows().length, 1);
  sim.advance(MINUTE_MS);
  await own.sweepNow();
  assert.is(storage.windows().length, 0);
  assert.is(own.jobMode, 'local');
  await own.stop();
});

retention('the plan for a time is what a sweep at that time drops', async () => {
  const { sim, storage, start } = setUp();
  for (let hours = 0; hours < 48; hours++) {
    storage.add(windowEnding(debug, NOW_MS - hours * HOUR_MS));
  }
  const own = await start();
  await own.sweepNow();
  const planned = own.plan(NOW_MS + 5 * MINUTE_MS + 3 * HOUR_MS).drops;
  assert.is(planned.length, 3);
  for (let minutes = 0; minutes < 185; minutes++) sim.advance(MINUTE_MS);
  await own.sweepNow();
  const left = new Set(storage.windows());
  for (const { window } of planned) assert.not.ok(left.has(window));
  assert.is(left.size, 24 - planned.length);
  await own.stop();
});

retention('new rules hold for stored windows; wrong ones change nothing', async () => {
  const { storage, start } = setUp();
  storage.add(windowEnding(debug, NOW_MS - 2 * HOUR_MS));
  await using own = await start();
  const withKeep = (keepMs: number) => ({
    policies: [{ ...DEBUG_CONFIG, keepMs }],
    bytesMax: Infinity,
  });
  try {
    await own.setRules(withKeep(0));
    assert.unreachable('a keep of nothing is a mistake');
  } catch (error) {
    assert.is(error instanceof StorageError && error.code, 'INVALID_ARGUMENT');
  }
  assert.is((await own.sweepNow()).dropped.length, 0);
  await own.setRules(withKeep(HOUR_MS));
  assert.is((await own.sweepNow()).dropped.length, 1);
});

retention('says what starts the sweeps, also when Redis never answers', async () => {
  const { log, registry, sim, start } = setUp({ redisUrl: await absentRedisUrl() });
  const own = await start();
  await log.next('Redis is away');
  assert.is(own.jobMode, 'local');
  const text = await registry.metrics();
  assert.match(text, 'varve_retention_jobs_mode{mode="local"} 1');
  assert.match(text, 'varve_retention_jobs_mode{mode="redis"} 0');
  sim.advance(2 * MINUTE_MS);
  await own.stop();
  assert.match(await registry.metrics(), /varve_retention_sweeps_total [12]/);
});

retention('merges what has closed every minute, however rare sweeps are', async () => {
  const { sim, storage, registry, log, start } = setUp({ sweepEveryMs: DAY_MS });
  const asked: CompactDueOptions[] = [];
  let failure: Error | undefined;
  storage.compactDue = async (options = {}) => {
    asked.push(options);
    if (failure !== undefined) throw failure;
    return { merges: 2, bytesWritten: 10 };
  };
  const own = await start();
  sim.advance(2 * MINUTE_MS);
  assert.equal(
    asked.map(({ budgetMs, signal }) => [budgetMs, signal?.aborted]),
    Array.from({ length: 3 }, () => [20_000, false]),
  );
  failure = new Error('the disk is full');
  const told = log.next('tables are not merged');
  sim.advance(MINUTE_MS);
  assert.is((await told).level, 'error');
  assert.match(await registry.metrics(), 'varve_compaction_failures_total 1');
  await own.stop();
  assert.is(asked[0]?.signal?.aborted, true, 'a merge under way is not waited for');
});

retention('a snapshot lies under its name, once, and a name leads nowhere else', async () => {
  const { storage, registry, start } = setUp();
  const dirs: string[] = [];
  storage.snapshot = async (dir, options) => {
    assert.equal(options, { skipHead: true, orMade: true });
    dirs.push(dir);
    return { dir, files: 3, sizeBytes: 100, lost: [new CorruptionError('a.sst', 0, 'gone')] };
  };
  await using own = await start();
  const report = await own.snapshot({ name: 'one', skipHead: true });
  assert.equal(report, { files: 3, sizeBytes: 100, lost: ['a.sst is damaged at byte 0: gone'] });
  const error = await rejection(own.snapshot({ name: '../one', skipHead: true }));
  assert.is(error.code, 'INVALID_ARGUMENT');
  assert.equal(dirs, ['data/snapshots/one']);
  assert.match(await registry.metrics(), 'varve_snapshots_total 1');
});

const REFUSED: [string, Partial<RetentionOptions>][] = [
  ['no time between sweeps', { sweepEveryMs: 0 }],
  ['an endless time between sweeps', { sweepEveryMs: Infinity }],
  ['an id that cannot name a queue', { serverId: 'a:b' }],
];

for (const [name, options] of REFUSED) {
  retention(`is not started with ${name}`, async () => {
    const error = await rejection(setUp(options).start());
    assert.instance(error, StorageError);
    assert.is(error.code, 'INVALID_ARGUMENT');
  });
}

retention.run();
