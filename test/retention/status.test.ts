import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRetentionMetrics } from '../../retention/metrics.ts';
import { retentionStatus } from '../../retention/status.ts';
import { createSweeper } from '../../retention/sweeper.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import {
  createTestLog,
  createWindowStorage,
  DAY_MS,
  HOUR_MS,
  policy,
  rulesOf,
  windowEnding,
} from '../support/retention.ts';

const status = suite('retention/status');

const NOW_MS = 1_700_000_000_000;
const debug = { ...policy('debug', DAY_MS), bytesMax: 320 };

function setUp() {
  const sim = createSimClock(NOW_MS);
  const storage = createWindowStorage();
  const sweeper = createSweeper({
    storage,
    rules: () => rulesOf([debug]),
    clock: sim.clock,
    logger: createTestLog().logger,
    metrics: createRetentionMetrics(new Registry()),
  });
  const told = () =>
    retentionStatus(sweeper, 'local', { nowMs: sim.clock.nowMs(), sweepEveryMs: HOUR_MS });
  return { sim, storage, sweeper, told };
}

status('tells what the next sweep drops, at the time it is due', async () => {
  const { sim, storage, sweeper, told } = setUp();
  assert.is(told().lastSweepMs, undefined);
  await sweeper.sweep();
  storage.add(windowEnding(debug, NOW_MS + HOUR_MS - DAY_MS));
  sim.advance(1);
  const { lastSweepMs, nextSweepMs, policies } = told();
  assert.is(lastSweepMs, NOW_MS);
  assert.is(nextSweepMs, NOW_MS + HOUR_MS);
  assert.is(policies[0]?.drops.keep.windows, 1);
  sim.advance(2 * HOUR_MS);
  assert.is(told().nextSweepMs, sim.clock.nowMs(), 'one that is overdue comes at once');
});

status('tells what each reason has cost since the start', async () => {
  const { storage, sweeper, told } = setUp();
  for (const hours of [30, 3, 2, 1]) storage.add(windowEnding(debug, NOW_MS - hours * HOUR_MS));
  await sweeper.sweep();
  storage.add(windowEnding(debug, NOW_MS - 26 * HOUR_MS));
  await sweeper.sweep();
  assert.equal(told().policies[0]?.dropped, {
    keep: { windows: 2, points: 20, sizeBytes: 320 },
    max_bytes: { windows: 1, points: 10, sizeBytes: 160 },
    total_max_bytes: { windows: 0, points: 0, sizeBytes: 0 },
  });
});

status('tells why nothing is dropped', async () => {
  const { sim, sweeper, told } = setUp();
  await sweeper.sweep();
  sim.jumpTo(NOW_MS + DAY_MS);
  await sweeper.sweep();
  assert.match(told().doubt ?? '', /jumped ahead/);
});

status.run();
