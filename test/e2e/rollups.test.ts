// Tiers through the real program: made by a sweep, read instead of points, and all there is after
// these have expired, over restarts and in a restored snapshot.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const rollups = suite('e2e/rollups');

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;
const HOURS = 4;
const STEP_MS = 15_000;
/** A whole hour, far from the keep that the points get. */
const OLD_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS;
const POINTS = (HOURS * HOUR_MS) / STEP_MS;
const SERIES = ['a', 'b', 'c'];
/** Of integers, so that sums do not depend on their order. */
const QUERIES = [
  'sum_over_time(orders[1h])',
  'count_over_time(orders[1h])',
  'min_over_time(orders[1h])',
  'max_over_time(orders[2h])',
  'avg_over_time(orders[1h])',
  'sum(increase(orders[1h]))',
  'orders',
];

let dir: string;
let file: string;
let varve: VarveProcess;

const start = (data: string) => startServer(data, '--config', file, ...QUIET);

function writeConfig(keep: string): void {
  const tiers = '[{every: 5m, keep: 1y}, {every: 1h, keep: 5y}]';
  const policy = `{name: default, match: '{}', window: 1h, keep: ${keep}, rollups: ${tiers}}`;
  const lines = ['retention:', '  sweep_every: 1h', '  policies:', `  - ${policy}`];
  writeFileSync(file, `${lines.join('\n')}\n`);
}

rollups.before(async () => {
  dir = await tempDir();
  file = join(dir, 'varve.yaml');
  writeConfig('30d');
  varve = await start(join(dir, 'data'));
});
rollups.after(async () => {
  await varve.stop();
});

async function ask<Data>(method: string, path: string): Promise<Data> {
  const response = await fetch(`${varve.http}${path}`, { method });
  assert.is(response.status, 200, path);
  const { data } = (await response.json()) as { data: Data };
  return data;
}

/** `i` is the number of the point: a counter that starts again now and then. */
const valueAt = (series: number, i: number) => (i % (701 + series)) * (series + 1);

async function load(): Promise<void> {
  const timestamps = Array.from({ length: POINTS }, (_, i) => OLD_MS + i * STEP_MS);
  const lines = SERIES.map((name, series) =>
    JSON.stringify({
      metric: { __name__: 'orders', series: name },
      values: timestamps.map((_, i) => valueAt(series, i)),
      timestamps,
    }),
  );
  const body = lines.join('\n');
  const response = await fetch(`${varve.http}/api/v1/import`, { method: 'POST', body });
  assert.ok(response.ok, await response.text());
  await ask('POST', '/api/v1/admin/flush');
}

interface Source {
  readonly policy: string;
  readonly rollupMs?: number;
}

interface RangeAnswer {
  readonly result: readonly unknown[];
  readonly explain: { readonly selectors: readonly { readonly sources?: readonly Source[] }[] };
}

/** Of a graph whose steps are `stepMs`: the answers, and what they were read from. */
async function graph(query: string, stepMs = HOUR_MS) {
  const parameters = new URLSearchParams({
    query,
    start: String((OLD_MS + HOUR_MS) / 1000),
    end: String((OLD_MS + (HOURS - 1) * HOUR_MS) / 1000),
    step: String(stepMs / 1000),
    explain: '1',
  });
  const { result, explain } = await ask<RangeAnswer>('GET', `/api/v1/query_range?${parameters}`);
  assert.ok(result.length > 0, query);
  const sources = explain.selectors.flatMap((selector) => selector.sources ?? []);
  return { result, widthsMs: new Set(sources.map(({ rollupMs }) => rollupMs)) };
}

async function answers(): Promise<unknown[]> {
  const found = [];
  for (const query of QUERIES) found.push((await graph(query)).result);
  return found;
}

interface PolicyAnswer {
  readonly name: string;
  readonly rollupMs?: number;
  readonly stored: { readonly windows: number; readonly points: number };
}

/** Windows that are stored, by the width of the steps in ms; 0 are points. */
async function storedWindows(): Promise<Record<number, number>> {
  const path = '/api/v1/status/retention';
  const { policies } = await ask<{ policies: PolicyAnswer[] }>('GET', path);
  return Object.fromEntries(policies.map(({ rollupMs = 0, stored }) => [rollupMs, stored.windows]));
}

const sweep = () => ask<{ dropped: { endMs: number }[] }>('POST', '/api/v1/admin/sweep');

let expected: unknown[];

rollups('a sweep makes the tiers, and graphs that suit them read no points', async () => {
  await load();
  expected = await answers();
  assert.equal((await graph('sum_over_time(orders[1h])')).widthsMs, new Set(), 'there are none');
  assert.is((await sweep()).dropped.length, 0);
  assert.equal(await answers(), expected);
  for (const query of QUERIES) {
    assert.equal((await graph(query)).widthsMs, new Set([HOUR_MS]), query);
  }
  const fine = await graph('max_over_time(orders[10m])', FIVE_MINUTES_MS);
  assert.equal(fine.widthsMs, new Set([FIVE_MINUTES_MS]));
  const odd = await graph('max_over_time(orders[7m])', 7 * 60_000);
  assert.equal(odd.widthsMs, new Set(), 'what does not suit is read from points');
});

rollups('the status and the plan have a line for each tier', async () => {
  const stored = await storedWindows();
  assert.is(stored[0], HOURS);
  assert.ok(stored[FIVE_MINUTES_MS]! > 0 && stored[HOUR_MS]! > 0);
  const { stdout } = await runVarve(
    ...['retention', 'plan', '--config', file, '--data', varve.dataDir],
  );
  assert.match(stdout, /^default every 5m +1y /m);
  assert.match(stdout, /^default every 1h +5y /m);
  assert.match(stdout, 'drops nothing');
});

rollups('a killed server has its tiers when it is back', async () => {
  await varve.stop('SIGKILL');
  varve = await start(varve.dataDir);
  assert.equal(await answers(), expected);
  assert.equal((await graph('orders')).widthsMs, new Set([HOUR_MS]));
});

rollups('when the points have expired, tiers answer as the points did', async () => {
  const tiers = await storedWindows();
  writeConfig('1h');
  await varve.logged(/"key":"retention\.policies".*reload: changed/);
  assert.is((await sweep()).dropped.length, HOURS);
  assert.equal(await storedWindows(), { ...tiers, 0: 0 });
  assert.equal(await answers(), expected);
  const odd = await graph('max_over_time(orders[7m])', 7 * 60_000);
  assert.equal(odd.widthsMs, new Set([FIVE_MINUTES_MS]), 'the finest there is');
  const names = await ask<string[]>('GET', '/api/v1/label/series/values');
  assert.equal(names, SERIES, 'series of which only summaries are left are found');
});

rollups('a restored snapshot has the tiers, and inspect is content with it', async () => {
  const backup = join(dir, 'backup');
  const data = join(dir, 'restored');
  const made = await runVarve('snapshot', '--http', varve.http, backup);
  assert.is(made.code, 0, made.stderr);
  await varve.stop();
  const restored = await runVarve('restore', backup, '--data', data);
  assert.is(restored.code, 0, restored.stderr);
  varve = await start(data);
  assert.equal(await answers(), expected);
  await varve.stop();
  const inspected = await runVarve('inspect', data, '--verify');
  assert.is(inspected.code, 0, inspected.stderr + inspected.stdout);
  assert.match(
    inspected.stdout,
    /tier 2 of policy 1 "default" every 5m, kept for 365d in .*: [12] w/,
  );
});

rollups.run();
