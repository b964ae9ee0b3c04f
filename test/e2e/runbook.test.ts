// The steps of deploy/README.md on the real program, where no other test takes them: full and
// failing disks are in hard-disk.test.ts, damage in damage.test.ts, snapshots in snapshot.test.ts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const runbook = suite('e2e/runbook');

const NOW_MS = Date.now();

/** Writes a point to each of `paths`; the answer as text. */
async function visit({ http }: VarveProcess, paths: readonly string[]): Promise<string> {
  const lines = paths.map((path) => {
    const metric = { __name__: 'visits', path };
    return JSON.stringify({ metric, values: [1], timestamps: [NOW_MS] });
  });
  const response = await fetch(`${http}/api/v1/import`, { method: 'POST', body: lines.join('\n') });
  return response.text();
}

async function metric({ http }: VarveProcess, name: string): Promise<number> {
  const exposition = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(exposition)?.[1]);
}

async function countVisits({ http }: VarveProcess): Promise<string> {
  const { stdout } = await runVarve('query', '--http', http, 'count(visits)', '--json');
  return JSON.parse(stdout).data.result[0]?.value[1] ?? '0';
}

const paths = (count: number) => Array.from({ length: count }, (_, index) => `/user/${index}`);

runbook('It did not stop by itself: what was recovered is logged and counted', async () => {
  const dir = join(await tempDir(), 'data');
  const killed = await startServer(dir, ...QUIET);
  await visit(killed, paths(10));
  await killed.stop('SIGKILL');
  const next = await startServer(dir, ...QUIET);
  const line = await next.logged(/the last run ended without a shutdown: recovered/);
  assert.is(JSON.parse(line).points, 10);
  assert.is(await metric(next, 'varve_recovery_unclean'), 1);
  assert.is(await metric(next, 'varve_recovery_points'), 10);
  await next.stop();
  const last = await startServer(dir, ...QUIET);
  assert.is(await metric(last, 'varve_recovery_unclean'), 0);
  assert.is((await last.stop()).code, 0);
});

runbook('Too many series: they are found, bounded by a reload, and taken away', async () => {
  const dir = await tempDir();
  const config = join(dir, 'varve.yaml');
  writeFileSync(config, '');
  const varve = await startServer(join(dir, 'data'), '--config', config, ...QUIET);
  await visit(varve, paths(40));
  const tsdb = await (await fetch(`${varve.http}/api/v1/status/tsdb?limit=5`)).json();
  assert.match(JSON.stringify(tsdb), /\{"name":"visits","value":40\}/);
  assert.match(JSON.stringify(tsdb), /\{"name":"path","value":40\}/);

  writeFileSync(config, 'ingest: {limits: {series: 40}}');
  await fetch(`${varve.http}/-/reload`, { method: 'POST' });
  assert.match(await visit(varve, ['/user/40']), /ingest\.limits\.series/);
  assert.not.match(await visit(varve, ['/user/39']), /ingest\.limits\.series/);

  const selector = encodeURIComponent('{path=~"/user/.*"}');
  const target = `${varve.http}/api/v1/admin/tsdb/delete_series?match[]=${selector}`;
  assert.is((await fetch(target, { method: 'POST' })).status, 204);
  assert.is(await countVisits(varve), '0');
  assert.is((await varve.stop()).code, 0);
});

runbook(
  'A query is slow: the log has its cost, and the list of those under way answers',
  async () => {
    const dir = await tempDir();
    const config = join(dir, 'varve.yaml');
    writeFileSync(config, '');
    const varve = await startServer(join(dir, 'data'), '--config', config, ...QUIET);
    await visit(varve, paths(3));
    writeFileSync(config, 'query: {log_slower_than: 0s}');
    await fetch(`${varve.http}/-/reload`, { method: 'POST' });
    assert.is(await countVisits(varve), '3');
    const logged = JSON.parse(await varve.logged(/count\(visits\)/));
    assert.is(logged.samples, 3);
    const active = await fetch(`${varve.http}/api/v1/status/active_queries`);
    assert.is(((await active.json()) as { status: string }).status, 'success');
    assert.is((await varve.stop()).code, 0);
  },
);

runbook('Upgrade: a snapshot is the way back, without what was written since', async () => {
  const dir = await tempDir();
  const [data, backup, old] = [join(dir, 'data'), join(dir, 'before'), join(dir, 'old')];
  const before = await startServer(data, ...QUIET);
  await visit(before, paths(5));
  const taken = await runVarve('snapshot', '--http', before.http, backup);
  assert.is(taken.code, 0, taken.stderr);
  assert.is((await before.stop()).code, 0);
  const after = await startServer(data, ...QUIET);
  assert.is(await metric(after, 'varve_recovery_unclean'), 0);
  await visit(after, paths(8));
  assert.is(await countVisits(after), '8');
  assert.is((await after.stop()).code, 0);
  const restored = await runVarve('restore', backup, '--data', old);
  assert.is(restored.code, 0, restored.stderr);
  const back = await startServer(old, ...QUIET);
  assert.is(await countVisits(back), '5');
  assert.is((await back.stop()).code, 0);
});

runbook.run();
