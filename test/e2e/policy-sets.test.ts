// A fleet that follows published policies: two real servers and a real Redis. What is published is
// in force on both, what has mistakes on none; a start without Redis goes by what was there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import * as assert from 'uvu/assert';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const fleet = suite('e2e/policy-sets');

const HOUR_MS = 3_600_000;
const NOW_MS = Date.now();
const TAKEN_OVER = /"version":(\d+),"msg":"published policies taken over"/;

let dir: string;
let redis: RedisServer;
let servers: VarveProcess[] = [];

fleet.before(async () => {
  dir = await tempDir();
  redis = await startRedis();
});
fleet.after(async () => {
  await Promise.all(servers.map((varve) => varve.stop()));
  await redis.kill();
});

function start(name: string): Promise<VarveProcess> {
  const followed = `retention={policies: redis, redis: "${redis.url}"}`;
  return startServer(join(dir, name), ...QUIET, '--set', followed);
}

async function publish(policies: string): Promise<{ code: number | null; text: string }> {
  const file = join(dir, 'fleet.yaml');
  writeFileSync(file, `retention:\n  policies:\n${policies}`);
  const { code, stdout, stderr } = await runVarve(
    ...['retention', 'publish', file, '--redis', redis.url],
  );
  return { code, text: stdout + stderr };
}

const keeping = (keep: string) => `  - {name: default, match: '{}', keep: ${keep}, window: 1h}\n`;

interface Status {
  readonly policySet: { version: number | null; trouble: string | null } | null;
  readonly policies: readonly {
    readonly name: string;
    readonly keepMs: number | null;
    readonly drops: { readonly keep: { readonly windows: number } };
  }[];
}

async function status(varve: VarveProcess): Promise<Status> {
  const response = await fetch(`${varve.http}/api/v1/status/retention`);
  return ((await response.json()) as { data: Status }).data;
}

async function load(varve: VarveProcess): Promise<void> {
  const timestamps = [NOW_MS - 40 * HOUR_MS, NOW_MS - HOUR_MS];
  const body = JSON.stringify({ metric: { __name__: 'orders' }, timestamps, values: [1, 2] });
  const response = await fetch(`${varve.http}/api/v1/import`, { method: 'POST', body });
  assert.ok(response.ok, await response.text());
  await fetch(`${varve.http}/api/v1/admin/flush`, { method: 'POST' });
}

async function metric(varve: VarveProcess, name: string): Promise<number> {
  const exposition = await (await fetch(`${varve.http}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(exposition)?.[1]);
}

fleet('before anything is published, nothing expires', async () => {
  servers = await Promise.all([start('a'), start('b')]);
  for (const varve of servers) {
    await varve.logged(/no policies are published: nothing expires/);
    await load(varve);
    const { policySet, policies } = await status(varve);
    assert.is(policySet?.version, null);
    assert.equal(
      policies.map(({ keepMs }) => keepMs),
      [null],
    );
  }
});

fleet('what is published is in force on every server, for stored windows too', async () => {
  const { code, text } = await publish(keeping('30d'));
  assert.equal([code, text], [0, 'published 1 policy as version 1\n']);
  for (const varve of servers) {
    await varve.logged(TAKEN_OVER);
    await varve.logged(/"key":"retention\.policies".*"keep":"30d".*reload: changed/);
    const { policySet, policies } = await status(varve);
    assert.equal([policySet?.version, policySet?.trouble], [1, null]);
    assert.is(policies[0]?.keepMs, 30 * 24 * HOUR_MS);
    assert.is(await metric(varve, 'varve_retention_policy_set_version'), 1);
  }
  await publish(keeping('1d'));
  for (const varve of servers) {
    await varve.logged(/"version":2,"msg":"published policies taken over"/);
    // Windows laid under the policy of the same name before anything was published.
    assert.is((await status(varve)).policies[0]?.drops.keep.windows, 1);
  }
  const { stdout } = await runVarve('retention', 'show', '--redis', redis.url);
  assert.match(stdout, /^# version 2, published \d{4}-.*Z\nretention:\n {2}policies:\n/);
  assert.match(stdout, /keep: 24h\n/);
});

fleet('mistakes are named before anything is published', async () => {
  const { code, text } = await publish(`${keeping('soon')}  - {name: x, match: '{a="b"}'}\n`);
  assert.is(code, 2);
  assert.match(text, /fleet\.yaml:3: retention\.policies\[0\]\.keep: expected a duration/);
  const { stdout } = await runVarve('retention', 'show', '--redis', redis.url);
  assert.match(stdout, /^# version 2,/);
});

fleet('a bad set that got there all the same changes nothing, and is said once', async () => {
  const client = new Redis(redis.url);
  const key = 'varve:retention:policies';
  const text = 'retention:\n  policies:\n  - {name: a, match: "{}", keep: 0s}\n';
  const publishedMs = Number(await client.hget(key, 'published_ms')) + 1;
  await client.hset(key, { version: 3, published_ms: publishedMs, text });
  for (const varve of servers) {
    const line = await varve.logged(/version 3, are not taken over/);
    assert.match(line, /policies version 3:3: retention\.policies\[0\]\.keep: expected/);
    const { policySet, policies } = await status(varve);
    assert.is(policySet?.version, 2);
    assert.match(policySet!.trouble!, /version 3, are not taken over/);
    assert.is(policies[0]?.keepMs, 24 * HOUR_MS);
    assert.is(await metric(varve, 'varve_retention_policy_set_trouble'), 1);
  }
  client.disconnect();
  await publish(keeping('2d'));
  for (const varve of servers) {
    await varve.logged(/"version":4,"msg":"published policies taken over"/);
    assert.is((await status(varve)).policySet?.trouble, null);
  }
});

fleet('a start without Redis goes by what was taken over last', async () => {
  await redis.kill();
  const [a, b] = servers as [VarveProcess, VarveProcess];
  const { stderr } = await a.stop();
  assert.is(stderr.match(/version 3, are not taken over/g)?.length, 1);
  const again = await start('a');
  servers = [again, b];
  const { policySet, policies } = await status(again);
  assert.is(policySet?.version, 4);
  assert.is(policies[0]?.keepMs, 48 * HOUR_MS);
  const file = join(dir, 'follower.yaml');
  writeFileSync(file, `retention: {policies: redis, redis: "${redis.url}"}\n`);
  const plan = await runVarve('retention', 'plan', '--config', file, '--data', join(dir, 'a'));
  assert.match(plan.stdout, /default +2d /);
  const { code, stdout } = await runVarve('inspect', join(dir, 'a'), '--verify');
  assert.equal([code, /policy-set/.test(stdout)], [0, false]);
});

fleet('a Redis that lost everything takes what is published next', async () => {
  await redis.start();
  for (const varve of servers) await varve.logged(/no policies are published any more: version 4/);
  const { text } = await publish(keeping('5d'));
  assert.match(text, /as version 1\n/);
  for (const varve of servers) {
    await varve.logged(/"to":.*"keep":"5d".*reload: changed/);
    await varve.logged(/"version":1,"msg":"published policies taken over"/);
    assert.is((await status(varve)).policies[0]?.keepMs, 5 * 24 * HOUR_MS);
  }
});

fleet.run();
