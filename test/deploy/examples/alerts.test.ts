import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { findPrometheus } from '../../support/prometheus.ts';
import { suite } from '../../support/suite.ts';
import { metricsIn, startWatched, type WatchedVarve } from '../../support/watched-varve.ts';

const alerts = suite('deploy/examples/alerts');

const FILE = 'deploy/examples/alerts.yaml';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { rules: AlertRule[] }[] };
const rules = groups.flatMap((group) => group.rules);

const dir = mkdtempSync(join(tmpdir(), 'varve-promtool-'));
const programs = findPrometheus(dir);
let watched: WatchedVarve;

alerts.before(async () => {
  watched = await startWatched();
});

alerts.after(async () => {
  rmSync(dir, { recursive: true, force: true });
  assert.is((await watched.varve.stop()).code, 0);
});

(programs === undefined ? alerts.skip : alerts)('promtool finds nothing wrong', () => {
  const { status, stdout, stderr } = spawnSync(programs!.promtool, ['check', 'rules', FILE], {
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  assert.match(stdout, new RegExp(`${rules.length} rules found`));
});

alerts('none of them fires on a server that is well', async () => {
  for (const { alert, expr } of rules) {
    const { status, error, data } = await watched.query(expr);
    assert.is(status, 'success', `${alert}: ${error}`);
    assert.equal(data?.result, [], alert);
  }
});

alerts('each asks for metrics that exist', () => {
  for (const { alert, expr } of rules) {
    const names = metricsIn(expr);
    assert.ok(names.length > 0, alert);
    for (const name of names) assert.ok(watched.names.has(name), `${alert}: no metric ${name}`);
  }
});

alerts('each names a heading of the runbook', () => {
  const headings = readFileSync('deploy/README.md', 'utf8').match(/^## .*$/gm)!;
  for (const { alert, annotations } of rules) {
    assert.ok(headings.includes(`## ${annotations.runbook}`), `${alert}: ${annotations.runbook}`);
  }
});

alerts.run();
