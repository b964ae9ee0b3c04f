// Random histories of a server: time passes, the clock jumps and comes back, points come late, the
// config is reloaded. Whatever the order, no point goes before its keep, and none stays for longer
// than its keep, its window and the time between two sweeps.

import fc from 'fast-check';
import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPolicySet, type RetentionRules, startRetention } from '../../retention/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { createTestLog, HOUR_MS } from '../support/retention.ts';

const history = suite('retention/history');

const NOW_MS = 1_700_000_000_000;
const SWEEP_EVERY_MS = HOUR_MS / 2;
const WINDOW_MS = [HOUR_MS, 5 * HOUR_MS];

type Step =
  | { readonly kind: 'pass'; readonly sweeps: number }
  | { readonly kind: 'jump'; readonly hours: number }
  | { readonly kind: 'write'; readonly series: number; readonly hoursAgo: number }
  | { readonly kind: 'reload'; readonly keepHours: readonly number[] };

const hours = (min: number, max: number) => fc.integer({ min, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), sweeps: hours(1, 30) }),
  // Ahead by more than the sweeps until its return: a jump that lasts is believed in the end.
  fc.record({
    kind: fc.constant('jump' as const),
    hours: fc.oneof(hours(-90, -1), hours(2, 9000)),
  }),
  fc.record({ kind: fc.constant('write' as const), series: hours(0, 1), hoursAgo: hours(0, 60) }),
  fc.record({
    kind: fc.constant('reload' as const),
    keepHours: fc.tuple(hours(1, 50), hours(1, 50)),
  }),
);

function rulesWith(keepHours: readonly number[]): RetentionRules {
  const policies = keepHours.map((keep, i) => ({
    name: `p${i}`,
    matchers: i === 0 ? [{ name: 'p', type: '=' as const, value: '0' }] : [],
    keepMs: keep * HOUR_MS,
    windowMs: WINDOW_MS[i]!,
    bytesMax: Infinity,
  }));
  return { policies, bytesMax: Infinity };
}

interface Written {
  readonly series: number;
  readonly timestampMs: number;
  /** Whether a sweep has come by once its keep was over: a longer keep does not bring it back. */
  mayBeGone: boolean;
}

async function runHistory(steps: readonly Step[]): Promise<void> {
  const sim = createSimClock(NOW_MS);
  let rules = rulesWith([24, 24]);
  const storage = createNaiveStorage(createPolicySet(rules.policies));
  const ids = await storage.resolve([0, 1].map((i) => [{ name: 'p', value: String(i) }]));
  const written = new Map<string, Written>();
  const trueMs = () => NOW_MS + sim.clock.monotonicMs();
  await using retention = await startRetention({
    ...{ storage, rules, sweepEveryMs: SWEEP_EVERY_MS, serverId: 'a' },
    ...{ clock: sim.clock, scheduler: sim.scheduler },
    logger: createTestLog().logger,
    registry: new Registry(),
  });

  /** As long as between two sweeps; resolves once one has come by. */
  async function pass(): Promise<void> {
    sim.advance(SWEEP_EVERY_MS);
    await retention.sweepNow();
    check();
  }

  function check(): void {
    const left = storage.contents();
    const isTrue = sim.clock.nowMs() === trueMs();
    for (const point of written.values()) {
      const { keepMs, windowMs } = rules.policies[point.series]!;
      const ageMs = trueMs() - point.timestampMs;
      point.mayBeGone ||= ageMs >= keepMs;
      const own = [...left.values()][point.series] ?? [];
      const isThere = own.some(([timestampMs]) => timestampMs === point.timestampMs);
      assert.ok(isThere || point.mayBeGone, `gone after ${ageMs} ms of ${keepMs}`);
      if (isTrue && ageMs >= keepMs + windowMs) assert.not.ok(isThere, `there after ${ageMs} ms`);
    }
  }

  await retention.sweepNow();
  for (const one of steps) {
    switch (one.kind) {
      case 'pass':
        for (let i = 0; i < one.sweeps; i++) await pass();
        break;
      case 'jump':
        sim.jumpTo(trueMs() + one.hours * HOUR_MS);
        await pass();
        await pass();
        sim.jumpTo(trueMs());
        await pass();
        break;
      case 'write': {
        const timestampMs = trueMs() - one.hoursAgo * HOUR_MS;
        const id = Uint32Array.of(ids[one.series]!);
        await storage.append({
          ids: id,
          timestampsMs: Float64Array.of(timestampMs),
          values: Float64Array.of(1),
        });
        written.set(`${one.series}/${timestampMs}`, { ...one, timestampMs, mayBeGone: false });
        break;
      }
      case 'reload':
        rules = rulesWith(one.keepHours);
        await retention.setRules(rules);
        break;
    }
  }
  await pass();
}

history('no point goes before its keep, and none stays past keep, window and a sweep', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), runHistory), {
    seed: 6,
    numRuns: 100,
  });
});

history.run();
