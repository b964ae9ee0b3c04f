// Retention through the real program: what the plan and the status announce is what a sweep does,
// by keep and by max_bytes, and a config file that is saved is taken over.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createRng } from '../sim/rng.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const retention = suite('e2e/retention');

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const NOW_MS = Date.now();
/** Far from every keep that the tests set. */
const OLD_MS = NOW_MS - 48 * HOUR_MS;

let dir: string;
let file: string;
let varve: VarveProcess;

function writeConfig(debugKeep: string, maxBytes: string): void {
  const policy = (name: string, match: string, rest: string) =>
    `  - {name: ${name}, match: '${match}', window: 1h, ${rest}}`;
  const lines = [
    ...['retention:', '  sweep_every: 1h', '  policies:'],
    policy('debug', '{__name__=~"debug_.*"}', `keep: ${debugKeep}`),
    policy('default', '{}', `keep: 30d, max_bytes: ${maxBytes}`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
}

retention.before(async () => {
  dir = await tempDir();
  file = join(dir, 'varve.yaml');
  writeConfig('30d', 'null');
  varve = await startServer(join(dir, 'data'), '--config', file, ...QUIET);
});
retention.after(async () => {
  await varve.stop();
});

interface Totals {
  readonly windows: number;
  readonly seriesPerWindowMax: number;
  readonly points: number;
  readonly sizeBytes: number;
}

interface PolicyAnswer {
  readonly name: string;
  readonly match: string;
  readonly bytesMax: number | null;
  readonly stored: Totals;
  readonly drops: Readonly<Record<string, Totals>>;
  readonly dropped: Readonly<Record<string, Totals>>;
}

async function ask<Data>(method: string, path: string): Promise<Data> {
  const response = await fetch(`${varve.http}${path}`, { method });
  assert.is(response.status, 200, path);
  const { data } = (await response.json()) as { data: Data };
  return data;
}

async function policyStatus(name: string): Promise<PolicyAnswer> {
  const path = '/api/v1/status/retention';
  const { policies, jobMode } = await ask<{ policies: PolicyAnswer[]; jobMode: string }>(
    'GET',
    path,
  );
  assert.is(jobMode, 'local');
  return policies.find((policy) => policy.name === name)!;
}

interface Swept {
  readonly dropped: readonly { policy: string; reason: string; endMs: number; sizeBytes: number }[];
}

const sweep = () => ask<Swept>('POST', '/api/v1/admin/sweep');
const plan = () => runVarve('retention', 'plan', '--config', file, '--data', join(dir, 'data'));

async function load(name: string, timestamps: number[], values: number[]): Promise<void> {
  const body = JSON.stringify({ metric: { __name__: name }, timestamps, values });
  const response = await fetch(`${varve.http}/api/v1/import`, { method: 'POST', body });
  assert.ok(response.ok, await response.text());
  await ask('POST', '/api/v1/admin/flush');
}

retention(
  'a keep that the saved file shortens holds at the next sweep, as the plan says',
  async () => {
    const timesMs = [OLD_MS, OLD_MS + HOUR_MS, NOW_MS - MINUTE_MS];
    for (const name of ['debug_steps', 'debug_turns', 'orders'])
      await load(name, timesMs, [1, 2, 3]);
    const before = await policyStatus('debug');
    assert.is(before.match, '{__name__=~"debug_.*"}');
    const { windows, seriesPerWindowMax, points } = before.stored;
    assert.equal([windows, seriesPerWindowMax, points], [3, 2, 6]);
    assert.is(before.drops['keep']?.windows, 0);

    writeConfig('1d', 'null');
    await varve.logged(/"key":"retention\.policies".*reload: changed/);
    assert.is((await policyStatus('debug')).drops['keep']?.windows, 2);
    assert.match((await plan()).stdout, /drops 2 windows with 4 points/);
    const { dropped } = await sweep();
    assert.equal(
      dropped.map(({ policy, reason }) => [policy, reason]),
      [
        ['debug', 'keep'],
        ['debug', 'keep'],
      ],
    );
    const after = await policyStatus('debug');
    assert.is(after.stored.points, 2);
    assert.is(after.dropped['keep']?.points, 4);
    assert.is((await policyStatus('default')).stored.points, 3, 'other policies are not concerned');
  },
);

retention('max_bytes lets go of the oldest windows, and of no more than is needed', async () => {
  const rng = createRng(6);
  const perHour = 40_000;
  for (let hour = 0; hour < 8; hour++) {
    const timesMs = Array.from({ length: perHour }, (_, i) => OLD_MS + hour * HOUR_MS + i * 50);
    await load(
      'noise',
      timesMs,
      timesMs.map(() => rng.next()),
    );
  }
  writeConfig('1d', '1MiB');
  await varve.logged(/"to":.*"max_bytes":"1MiB".*reload: changed/);
  const { drops, bytesMax, stored } = await policyStatus('default');
  assert.is(bytesMax, 2 ** 20);
  assert.ok(stored.sizeBytes > 2 ** 20, `${stored.sizeBytes} bytes are more than the limit`);
  const announced = drops['max_bytes']!.windows;
  assert.ok(announced > 0);
  assert.match((await plan()).stdout, new RegExp(`drops ${announced} windows? `));

  const { dropped } = await sweep();
  assert.is(dropped.length, announced);
  assert.ok(dropped.every(({ policy, reason }) => policy === 'default' && reason === 'max_bytes'));
  const left = await policyStatus('default');
  assert.ok(left.stored.sizeBytes <= 2 ** 20);
  assert.ok(left.stored.sizeBytes + dropped.at(-1)!.sizeBytes > 2 ** 20);
  assert.is((await sweep()).dropped.length, 0);
  assert.match(
    await (await fetch(`${varve.http}/metrics`)).text(),
    new RegExp(
      `varve_retention_windows_dropped_total{policy="default",reason="max_bytes"} ${announced}`,
    ),
  );
});

retention('a file with mistakes is named once and changes nothing', async () => {
  writeConfig('soon', '1MiB');
  await varve.logged(/varve\.yaml:4: retention\.policies\[0\]\.keep.*reload refused/);
  assert.is((await policyStatus('debug')).stored.points, 2);
  writeConfig('1d', '2KiB');
  await varve.logged(/varve\.yaml:5: retention\.policies\[1\]\.max_bytes: expected a size/);
  writeConfig('2d', '1MiB');
  await varve.logged(/"to":.*"keep":"2d".*reload: changed/);
  const { stderr } = await varve.stop();
  assert.is(stderr.match(/reload refused/g)?.length, 2);
});

retention.run();
