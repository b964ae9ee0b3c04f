// Random histories of a server with random policies: time passes, the clock jumps and comes back,
// points come late, the config is reloaded. Whatever the order, no point goes before its keep, none
// stays for longer than its keep, its window and the time between two sweeps, and each sweep drops
// what the plan for its time has said.

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
const POLICIES_MAX = 4;

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
  fc.record({
    kind: fc.constant('write' as const),
    series: hours(0, POLICIES_MAX - 1),
    hoursAgo: hours(0, 60),
  }),
  fc.record({ kind: fc.constant('reload' as const), keepHours: keepsOf() }),
);

/** Of as many policies as there may be; those beyond a history's own are left out. */
function keepsOf(): fc.Arbitrary<number[]> {
  return fc.array(hours(1, 50), { minLength: POLICIES_MAX, maxLength: POLICIES_MAX });
}

interface History {
  /** One for each policy. */
  readonly windowHours: readonly number[];
  readonly keepHours: readonly number[];
  readonly steps: readonly Step[];
}

const histories: fc.Arbitrary<History> = fc.record({
  windowHours: fc.array(hours(1, 12), { minLength: 1, maxLength: POLICIES_MAX }),
  keepHours: keepsOf(),
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});

/** Series `i` belongs to policy `i`: the last one takes all that are left. */
function rulesWith({ windowHours, keepHours }: Omit<History, 'steps'>): RetentionRules {
  const policies = windowHours.map((window, i) => ({
    name: `p${i}`,
    matchers:
      i === windowHours.length - 1 ? [] : [{ name: 'p', type: '=' as const, value: String(i) }],
    keepMs: keepHours[i]! * HOUR_MS,
    windowMs: window * HOUR_MS,
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

async function runHistory({ windowHours, keepHours, steps }: History): Promise<void> {
  const sim = createSimClock(NOW_MS);
  let rules = rulesWith({ windowHours, keepHours });
  const storage = createNaiveStorage(createPolicySet(rules.policies));
  const labelSets = windowHours.map((_, i) => [{ name: 'p', value: String(i) }]);
  const ids = await storage.resolve(labelSets);
  const dropped: string[] = [];
  const written = new Map<string, Written>();
  const trueMs = () => NOW_MS + sim.clock.monotonicMs();
  await using retention = await startRetention({
    ...{ rules, sweepEveryMs: SWEEP_EVERY_MS, serverId: 'a' },
    storage: {
      windows: storage.windows,
      rollUp: async () => ({ windows: 0, steps: 0, due: 0 }),
      setPolicies: storage.setPolicies,
      dropWindows(keys) {
        dropped.push(...keys);
        return storage.dropWindows(keys);
      },
    },
    ...{ clock: sim.clock, scheduler: sim.scheduler },
    logger: createTestLog().logger,
    registry: new Registry(),
  });

  /** As long as between two sweeps; resolves once one has come by. */
  async function pass(): Promise<void> {
    const planned = retention.plan(sim.clock.nowMs() + SWEEP_EVERY_MS).drops;
    dropped.length = 0;
    sim.advance(SWEEP_EVERY_MS);
    const { doubt } = await retention.sweepNow();
    const wanted = doubt === undefined ? planned.map(({ window }) => window.key) : [];
    assert.equal(dropped.toSorted(), wanted.toSorted());
    check();
  }

  function check(): void {
    const left = storage.contents();
    const isTrue = sim.clock.nowMs() === trueMs();
    for (const point of written.values()) {
      const { keepMs, windowMs } = rules.policies[point.series]!;
      const ageMs = trueMs() - point.timestampMs;
      point.mayBeGone ||= ageMs >= keepMs;
      const own = left.get(JSON.stringify(labelSets[point.series])) ?? [];
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
        const series = one.series % windowHours.length;
        const id = Uint32Array.of(ids[series]!);
        await storage.append({
          ids: id,
          timestampsMs: Float64Array.of(timestampMs),
          values: Float64Array.of(1),
        });
        written.set(`${series}/${timestampMs}`, { series, timestampMs, mayBeGone: false });
        break;
      }
      case 'reload':
        rules = rulesWith({ windowHours, keepHours: one.keepHours });
        await retention.setRules(rules);
        break;
    }
  }
  await pass();
}

history('no point goes before its keep, none stays past keep, window and a sweep', async () => {
  await fc.assert(fc.asyncProperty(histories, runHistory), { seed: 6, numRuns: 50 });
});

history.run();
