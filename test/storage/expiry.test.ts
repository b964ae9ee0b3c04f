// Expiry on the real disk: the windows of one policy go as files, and nothing else is touched.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createPolicySet,
  formatPlan,
  type PolicyConfig,
  planSweep,
  startRetention,
} from '../../retention/index.ts';
import { createNodeEnv, openStorage } from '../../storage/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { appendPoints, EVERYTHING, labels } from '../support/storage.ts';
import { tempDir } from '../support/temp-dir.ts';

const expiry = suite('storage/expiry');

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
const POLICIES = [
  {
    name: 'short',
    matchers: [{ name: '__name__', type: '=', value: 'short' }],
    keepMs: HOUR_MS,
    windowMs: HOUR_MS / 4,
    bytesMax: Infinity,
  },
  { name: 'long', matchers: [], keepMs: Infinity, windowMs: HOUR_MS, bytesMax: Infinity },
] satisfies PolicyConfig[];
const SERIES = 1500;

/** What tells one file from another, and from itself after any write: by its path. */
function tableFiles(dir: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.sst')) continue;
    const { ino, mtimeMs, size } = statSync(join(dir, name));
    found.set(name, `${ino} ${mtimeMs} ${size}`);
  }
  return found;
}

expiry('a sweep unlinks the expired windows, and leaves every other file as it is', async () => {
  const dir = join(await tempDir(), 'data');
  const env = createNodeEnv(1);
  const storage = await openStorage(dir, env, { policies: createPolicySet(POLICIES) });
  const time = createSimClock(NOW_MS);
  const quiet = { info() {}, warn() {}, error() {} };
  const retention = await startRetention({
    storage,
    rules: { policies: POLICIES, bytesMax: Infinity },
    sweepEveryMs: 60_000,
    snapshotsDir: join(dir, 'snapshots'),
    serverId: 'test',
    clock: time.clock,
    scheduler: time.scheduler,
    logger: quiet,
    registry: new Registry(),
  });
  try {
    for (let hoursAgo = 4; hoursAgo >= 0; hoursAgo--) {
      const points = Array.from({ length: SERIES }, (_, i) => ({
        labels: labels(i % 2 === 0 ? 'short' : 'long', `s${i}`),
        timestampMs: NOW_MS - hoursAgo * HOUR_MS - i,
        value: i,
      }));
      await appendPoints(storage, points);
      await storage.flush();
    }
    const before = tableFiles(dir);
    const windows = storage.windows();
    const request = { selectors: [[]], ...EVERYTHING };
    const scan = storage.scan(request)[Symbol.asyncIterator]();
    const first = await scan.next();

    const { dropped, doubt } = await retention.sweepNow();
    assert.is(doubt, undefined);
    assert.is(dropped.length, 3);
    assert.ok(dropped.every(({ window }) => window.policy.name === 'short'));
    assert.equal(tableFiles(dir), before, 'the scan under way holds the files');

    let points = first.done ? 0 : sum(first.value);
    for (let next = await scan.next(); !next.done; next = await scan.next()) {
      points += sum(next.value);
    }
    assert.is(points, 5 * SERIES, 'the scan saw every point, those of dropped windows too');

    const left = new Set(storage.windows().map(({ key }) => key));
    const expired = windows.filter(({ key }) => !left.has(key));
    assert.is(expired.length, 3);
    await storage.close();
    const after = tableFiles(dir);
    assert.is(after.size, before.size - expired.reduce((total, { tables }) => total + tables, 0));
    for (const [name, identity] of after) assert.is(identity, before.get(name), name);
    for (const { key } of expired) {
      assert.ok(![...after.keys()].some((name) => name.includes(key)), `${key} is gone`);
    }
  } finally {
    await retention.stop();
    await storage.close();
    await env.compute.close();
  }
});

const [SHORT, LONG] = POLICIES;
const MOVES: [string, PolicyConfig[], boolean][] = [
  [
    'that its policy does not match any more',
    [{ ...SHORT!, matchers: [{ name: '__name__', type: '=', value: 'another' }] }, LONG!],
    true,
  ],
  ['whose policy is removed', [LONG!], false],
];

for (const [title, policies, inForce] of MOVES) {
  expiry(`a series ${title} leaves its old windows under it, and the plan says so`, async () => {
    const dir = join(await tempDir(), 'data');
    const env = createNodeEnv(1);
    const storage = await openStorage(dir, env, { policies: createPolicySet(POLICIES) });
    try {
      const write = async (timestampMs: number) => {
        await appendPoints(storage, [{ labels: labels('short', 'a'), timestampMs, value: 1 }]);
        await storage.flush();
      };
      await write(NOW_MS);
      await storage.setPolicies(createPolicySet(policies));
      await write(NOW_MS + 1);

      const rules = { policies, bytesMax: Infinity };
      const plan = planSweep(storage.windows(), rules, NOW_MS + 2 * HOUR_MS);
      const short = plan.policies.find(({ name }) => name === 'short');
      const long = plan.policies.find(({ name }) => name === 'long');
      assert.is(short?.inForce, inForce);
      assert.equal([short?.stored.points, long?.stored.points], [1, 1]);
      assert.equal(
        plan.drops.map(({ window, reason }) => [window.policy.name, reason]),
        [['short', 'keep']],
      );
      assert.is(/^\(removed\): /m.test(formatPlan(plan)), !inForce);
    } finally {
      await storage.close();
      await env.compute.close();
    }
  });
}

function sum(batch: readonly { readonly timestampsMs: Float64Array }[]): number {
  return batch.reduce((total, { timestampsMs }) => total + timestampsMs.length, 0);
}

expiry.run();
