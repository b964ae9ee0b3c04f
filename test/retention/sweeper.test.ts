import fc from 'fast-check';
import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRetentionMetrics } from '../../retention/metrics.ts';
import { createSweeper } from '../../retention/sweeper.ts';
import { StorageError, type WindowInfo } from '../../storage/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import {
  createTestLog,
  createWindowStorage,
  DAY_MS,
  HOUR_MS,
  policy,
  rulesOf,
  windowEnding,
} from '../support/retention.ts';

const sweeper = suite('retention/sweeper');

const debug = policy('debug', DAY_MS);
const NOW_MS = 1_700_000_000_000;
const rules = () => rulesOf([debug]);

function setUp() {
  const sim = createSimClock(NOW_MS);
  const storage = createWindowStorage();
  storage.add(windowEnding(debug, NOW_MS - DAY_MS), windowEnding(debug, NOW_MS));
  const log = createTestLog();
  const registry = new Registry();
  const metrics = createRetentionMetrics(registry);
  const sweep = createSweeper({ storage, rules, clock: sim.clock, logger: log.logger, metrics });
  return { sim, storage, log, registry, sweeper: sweep };
}

sweeper('drops what the plan says, and once', async () => {
  const { storage, sweeper: own, registry, log } = setUp();
  const { drops } = own.plan();
  const first = await own.sweep();
  assert.equal(first.dropped, drops);
  assert.is(first.dropped.length, 1);
  assert.is((await own.sweep()).dropped.length, 0);
  assert.is(storage.windows().length, 1);
  assert.is(storage.calls.length, 1);
  assert.equal(log.lines, [{ level: 'info', message: 'window dropped' }]);
  const text = await registry.metrics();
  assert.match(text, 'varve_retention_sweeps_total 2');
  assert.match(text, 'varve_retention_windows_dropped_total{policy="debug",reason="keep"} 1');
  assert.match(text, 'varve_retention_dropped_points_total{policy="debug",reason="keep"} 10');
  assert.match(text, 'varve_retention_dropped_bytes_total{policy="debug",reason="keep"} 160');
  assert.match(text, 'varve_retention_stored_bytes{policy="debug"} 160');
  assert.match(text, 'varve_retention_total_max_bytes +Inf');
  assert.not.match(text, 'varve_retention_max_bytes{');
  assert.match(text, `varve_retention_last_sweep_timestamp_seconds ${NOW_MS / 1000}`);
});

sweeper('sweeps asked for while one is under way are one that follows it', async () => {
  const { sim, storage, sweeper: own, registry } = setUp();
  let go = () => {};
  storage.holdNextDrop(
    new Promise((resolve) => {
      go = resolve;
    }),
  );
  const first = own.sweep();
  await Promise.resolve();
  storage.add(windowEnding(debug, NOW_MS - DAY_MS - HOUR_MS));
  sim.advance(1);
  const later = [own.sweep(), own.sweep(), own.sweep()];
  go();
  assert.is((await first).dropped.length, 1);
  for (const outcome of await Promise.all(later)) assert.is(outcome.dropped.length, 1);
  assert.is(storage.calls.length, 2);
  assert.match(await registry.metrics(), 'varve_retention_sweeps_total 2');
});

sweeper('sweeps do not overlap when one is asked for just as another ends', async () => {
  const { sweeper: own } = setUp();
  const first = own.sweep();
  const asked = first.then(() => [own.sweep()]);
  const following = own.sweep();
  const [late] = await asked;
  assert.is(late, following);
  await following;
});

sweeper('a refused sweep is logged, counted, and tried again', async () => {
  const { storage, sweeper: own, registry, log } = setUp();
  storage.holdNextDrop(Promise.reject(new StorageError('UNAVAILABLE', 'the disk is full')));
  try {
    await own.sweep();
    assert.unreachable('the sweep should reject');
  } catch (error) {
    assert.is(error instanceof StorageError && error.code, 'UNAVAILABLE');
  }
  assert.is(log.lines[0]?.level, 'error');
  assert.match(await registry.metrics(), 'varve_retention_sweep_failures_total 1');
  assert.is((await own.sweep()).dropped.length, 1);
});

sweeper('a clock that has jumped ahead drops nothing, and it is said once', async () => {
  const { sim, storage, sweeper: own, registry, log } = setUp();
  await own.sweep();
  sim.advance(60_000);
  sim.jumpTo(Date.parse('2100-01-01'));
  for (let i = 0; i < 3; i++) {
    const outcome = await own.sweep();
    assert.match(outcome.doubt ?? '', /jumped ahead/);
    assert.equal(outcome.dropped, []);
    sim.advance(60_000);
  }
  assert.is(storage.windows().length, 1);
  assert.match(await registry.metrics(), 'varve_retention_clock_believed 0');
  assert.is(log.lines.filter(({ level }) => level === 'warn').length, 1);

  sim.jumpTo(NOW_MS + 5 * 60_000);
  assert.is((await own.sweep()).doubt, undefined);
  assert.match(await registry.metrics(), 'varve_retention_clock_believed 1');
  assert.match(log.lines.at(-1)?.message ?? '', /believed again/);
});

sweeper('points stamped by a false clock do not make it believable', async () => {
  const { sim, storage, log } = setUp();
  const falseMs = Date.parse('2100-01-01');
  sim.jumpTo(falseMs);
  const metrics = createRetentionMetrics(new Registry());
  const own = createSweeper({ storage, rules, clock: sim.clock, logger: log.logger, metrics });
  assert.match((await own.sweep()).doubt ?? '', /newest stored data/);
  storage.add(windowEnding(debug, falseMs));
  assert.match((await own.sweep()).doubt ?? '', /newest stored data/);
  assert.is(storage.windows().length, 3);
});

sweeper(
  'a sweep drops what the plan says, and for max_bytes no window more than needed',
  async () => {
    const bytesMax = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 2000 }));
    const policyFields = fc.record({
      keepMs: fc.integer({ min: 1, max: 200 }).map((hours) => hours * HOUR_MS),
      windowMs: fc.integer({ min: 1, max: 24 }).map((hours) => hours * HOUR_MS),
      bytesMax,
    });
    const window = fc.record({
      of: fc.nat({ max: 3 }),
      endsHoursAgo: fc.integer({ min: -12, max: 300 }),
      sizeBytes: fc.integer({ min: 1, max: 500 }),
    });
    const sets = fc.tuple(policyFields, policyFields, policyFields, policyFields);
    await fc.assert(
      fc.asyncProperty(sets, fc.array(window, { maxLength: 30 }), bytesMax, async (...drawn) => {
        const [fields, list, totalBytesMax] = drawn;
        const policies = fields.map((own, i) => ({ name: `p${i}`, ...own }));
        // The last is in force no longer.
        const inForce = rulesOf(policies.slice(0, 3), totalBytesMax);
        const storage = createWindowStorage();
        for (const { of, endsHoursAgo, sizeBytes } of list) {
          const end = NOW_MS - endsHoursAgo * HOUR_MS;
          storage.add({ ...windowEnding(policies[of]!, end), sizeBytes });
        }
        const { clock } = createSimClock(NOW_MS);
        const metrics = createRetentionMetrics(new Registry());
        const { logger } = createTestLog();
        const own = createSweeper({ storage, rules: () => inForce, clock, logger, metrics });
        const plan = own.plan();
        const { dropped } = await own.sweep();
        assert.equal(dropped, plan.drops);
        assert.is(own.plan().drops.length, 0, 'a second sweep finds nothing');

        const left = storage.windows();
        const limits = [...inForce.policies, { name: undefined, bytesMax: totalBytesMax }];
        for (const { name, bytesMax: limit } of limits) {
          const under = ({ policy: { name: other } }: WindowInfo) =>
            name === undefined || other === name;
          const reason = name === undefined ? 'total_max_bytes' : 'max_bytes';
          const gone = dropped.filter((drop) => drop.reason === reason && under(drop.window));
          const staying = left.filter(under);
          const bytes = staying.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          const closed = staying.filter(({ endMs }) => endMs <= NOW_MS);
          assert.ok(bytes <= limit || closed.length === 0, 'over the limit only by what is open');
          for (const { window } of gone) {
            assert.ok(window.endMs <= NOW_MS, 'what takes points stays');
            assert.ok(
              closed.every(({ endMs }) => endMs >= window.endMs),
              'the oldest go first',
            );
          }
          const last = gone.at(-1);
          const laterGone =
            name === undefined
              ? []
              : dropped.filter(
                  ({ reason: other, window }) => other === 'total_max_bytes' && under(window),
                );
          const bytesThen = laterGone.reduce((sum, { window }) => sum + window.sizeBytes, bytes);
          if (last) assert.ok(bytesThen + last.window.sizeBytes > limit, 'no more than needed');
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  },
);

sweeper('no point goes before its keep, none survives a sweep past keep and window', async () => {
  const hoursMs = (max: number) => fc.integer({ min: 1, max }).map((hours) => hours * HOUR_MS);
  const policyFields = fc.record({ keepMs: hoursMs(100), windowMs: hoursMs(24) });
  const twoPolicies = fc.tuple(policyFields, policyFields);
  const points = fc.array(
    fc.record({
      series: fc.nat({ max: 1 }),
      ageMs: fc.integer({ min: -HOUR_MS, max: 300 * HOUR_MS }),
    }),
    { maxLength: 50 },
  );
  await fc.assert(
    fc.asyncProperty(twoPolicies, points, async (fields, list) => {
      const policies = fields.map((own, i) => ({ name: `p${i}`, ...own }));
      const storage = createNaiveStorage({
        policies,
        policyOf: (labels) => Number(labels[0]?.value),
      });
      const sets = policies.map((_, i) => [{ name: 'p', value: String(i) }]);
      const ids = await storage.resolve(sets);
      await storage.append({
        ids: Uint32Array.from(list, ({ series }) => ids[series]!),
        timestampsMs: Float64Array.from(list, ({ ageMs }) => NOW_MS - ageMs),
        values: new Float64Array(list.length),
      });
      const { clock } = createSimClock(NOW_MS);
      const metrics = createRetentionMetrics(new Registry());
      const { logger } = createTestLog();
      await createSweeper({
        storage,
        rules: () => rulesOf(policies),
        clock,
        logger,
        metrics,
      }).sweep();

      const left = [...storage.contents().values()].map((own) => own.map(([t]) => t));
      for (const { series, ageMs } of list) {
        const { keepMs, windowMs } = policies[series]!;
        const isThere = left[series]!.includes(NOW_MS - ageMs);
        if (ageMs < keepMs) assert.ok(isThere, `${ageMs} ms old, kept ${keepMs} ms`);
        if (ageMs >= keepMs + windowMs)
          assert.not.ok(isThere, `${ageMs} ms old, kept ${keepMs} ms`);
      }
    }),
    { seed: 2, numRuns: 300 },
  );
});

sweeper.run();
