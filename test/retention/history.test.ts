// Random histories of a storage with random policies: time passes, the clock jumps and comes back,
// points come late, and reloads do to the policies whatever users do: other keeps, windows and
// matchers, policies that come, go and come back. Whatever the order, no point goes before the keep
// of the policy that it was written under, none stays for longer than that, its window and the time
// between two sweeps, and each sweep drops what the plan for its time has said.

import fc from 'fast-check';
import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPolicySet, type RetentionRules, startRetention } from '../../retention/index.ts';
import { type Labels, type Matcher, openStorage } from '../../storage/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { createTestLog, HOUR_MS } from '../support/retention.ts';
import { appendPoints, contentsOf } from '../support/storage.ts';

const history = suite('retention/history');

const NOW_MS = 1_700_000_000_000;
const SWEEP_EVERY_MS = HOUR_MS / 2;
const SERIES: readonly Labels[] = ['0', '1', '2', '3'].map((p) => [
  { name: '__name__', value: p < '2' ? 'reading' : 'state' },
  { name: 'p', value: p },
]);
/** What policies may ask for; the last one of a config takes what is left. */
const MATCHERS: readonly (readonly Matcher[])[] = [
  [{ name: 'p', type: '=', value: '0' }],
  [{ name: 'p', type: '!=', value: '1' }],
  [{ name: 'p', type: '=~', value: '[12]' }],
  [{ name: '__name__', type: '=', value: 'state' }],
  [
    { name: '__name__', type: '=', value: 'reading' },
    { name: 'p', type: '!~', value: '0|2' },
  ],
];

interface PolicyDraft {
  readonly name: string;
  /** Of MATCHERS. */
  readonly match: number;
  readonly keepHours: number;
  readonly windowHours: number;
}

type Step =
  | { readonly kind: 'pass'; readonly sweeps: number }
  | { readonly kind: 'jump'; readonly hours: number }
  | { readonly kind: 'write'; readonly series: number; readonly hoursAgo: number }
  | { readonly kind: 'reload'; readonly policies: readonly PolicyDraft[] };

const hours = (min: number, max: number) => fc.integer({ min, max });
/** Of the same few names each time, so that policies come back with other values. */
const drafts: fc.Arbitrary<PolicyDraft[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    match: fc.nat(MATCHERS.length - 1),
    keepHours: hours(1, 50),
    windowHours: fc.constantFrom(1, 2, 5, 12),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), sweeps: hours(1, 30) }),
  // Ahead by more than the sweeps until its return: a jump that lasts is believed in the end.
  fc.record({
    kind: fc.constant('jump' as const),
    hours: fc.oneof(hours(-90, -1), hours(2, 9000)),
  }),
  fc.record({
    kind: fc.constant('write' as const),
    series: fc.nat(SERIES.length - 1),
    hoursAgo: hours(0, 60),
  }),
  fc.record({ kind: fc.constant('reload' as const), policies: drafts }),
);

interface History {
  readonly policies: readonly PolicyDraft[];
  readonly steps: readonly Step[];
}

const histories: fc.Arbitrary<History> = fc.record({
  policies: drafts,
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});

function rulesOf(policies: readonly PolicyDraft[]): RetentionRules {
  const configs = policies.map(({ name, match, keepHours, windowHours }, i) => ({
    name,
    matchers: i === policies.length - 1 ? [] : MATCHERS[match]!,
    keepMs: keepHours * HOUR_MS,
    windowMs: windowHours * HOUR_MS,
    bytesMax: Infinity,
  }));
  return { policies: configs, bytesMax: Infinity };
}

interface Written {
  readonly series: number;
  readonly timestampMs: number;
  /** Of the policy that it was written under. */
  readonly name: string;
  readonly windowMs: number;
  /** Whether a sweep has come by once its keep was over: a longer keep does not bring it back. */
  mayBeGone: boolean;
}

/** What is owed to points: the keep in force under their policy's name, or the one it had. */
class Keeps {
  /** By name. */
  #inForce = new Map<string, number>();
  /** By name and width of a window, which is what windows on disk go by. */
  readonly #last = new Map<string, number>();

  set({ policies }: RetentionRules): void {
    this.#inForce = new Map(policies.map(({ name, keepMs }) => [name, keepMs]));
    for (const { name, windowMs, keepMs } of policies) this.#last.set(name + windowMs, keepMs);
  }

  of({ name, windowMs }: Written): number {
    return this.#inForce.get(name) ?? this.#last.get(name + windowMs)!;
  }
}

async function runHistory({ policies, steps }: History): Promise<void> {
  const sim = createSimClock(NOW_MS);
  const { clock, scheduler } = sim;
  let rules = rulesOf(policies);
  let set = createPolicySet(rules.policies);
  const keeps = new Keeps();
  keeps.set(rules);
  await using storage = await openStorage(
    'data',
    { ...createSimEnv(), clock, scheduler },
    { policies: set },
  );
  const dropped: string[] = [];
  const written: Written[] = [];
  const trueMs = () => NOW_MS + clock.monotonicMs();
  await using retention = await startRetention({
    ...{ rules, sweepEveryMs: SWEEP_EVERY_MS, serverId: 'a', clock, scheduler },
    snapshotsDir: 'data/snapshots',
    storage: {
      windows: () => storage.windows(),
      rollUp: () => storage.rollUp(),
      compactDue: () => storage.compactDue(),
      snapshot: (dir) => storage.snapshot(dir),
      setPolicies: (next) => storage.setPolicies(next),
      dropWindows(keys) {
        dropped.push(...keys);
        return storage.dropWindows(keys);
      },
    },
    logger: createTestLog().logger,
    registry: new Registry(),
  });

  /** As long as between two sweeps; resolves once one has come by. */
  async function pass(): Promise<void> {
    const planned = retention.plan(clock.nowMs() + SWEEP_EVERY_MS).drops;
    dropped.length = 0;
    sim.advance(SWEEP_EVERY_MS);
    const { doubt } = await retention.sweepNow();
    const wanted = doubt === undefined ? planned.map(({ window }) => window.key) : [];
    assert.equal(dropped.toSorted(), wanted.toSorted());
    await check();
  }

  async function check(): Promise<void> {
    const left = await contentsOf(storage);
    const isTrue = clock.nowMs() === trueMs();
    for (const point of written) {
      const { series, timestampMs, windowMs } = point;
      const keepMs = keeps.of(point);
      const ageMs = trueMs() - timestampMs;
      point.mayBeGone ||= ageMs >= keepMs;
      const own = left.get(JSON.stringify(SERIES[series])) ?? [];
      const isThere = own.some(([timeMs]) => timeMs === timestampMs);
      assert.ok(isThere || point.mayBeGone, `gone after ${ageMs} ms of ${keepMs}`);
      if (isTrue && ageMs >= keepMs + windowMs) assert.not.ok(isThere, `there after ${ageMs} ms`);
    }
  }

  async function write(series: number, hoursAgo: number): Promise<void> {
    // No time twice, so that a point has one policy.
    const timestampMs = trueMs() - hoursAgo * HOUR_MS - written.length;
    const labels = SERIES[series]!;
    await appendPoints(storage, [{ labels, timestampMs, value: 1 }]);
    // What is in memory when policies change is nobody's yet.
    await storage.flush();
    const { name, windowMs } = set.policies[set.policyOf(labels)]!;
    written.push({ series, timestampMs, name, windowMs, mayBeGone: false });
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
      case 'write':
        await write(one.series, one.hoursAgo);
        break;
      case 'reload':
        rules = rulesOf(one.policies);
        set = createPolicySet(rules.policies);
        keeps.set(rules);
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
