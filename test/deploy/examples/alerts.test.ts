import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { parse, stringify } from 'yaml';
import { findPrometheus } from '../../support/prometheus.ts';
import { suite } from '../../support/suite.ts';
import { metricsIn, startWatched, type WatchedVarve } from '../../support/watched-varve.ts';
import { ALERT_CASES } from './alert-cases.ts';

const alerts = suite('deploy/examples/alerts');

const FILE = 'deploy/examples/alerts.yaml';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const { groups } = parse(readFileSync(FILE, 'utf8')) as { groups: { rules: AlertRule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** In the format of promtool; every series is of the instance `a`. */
function ruleTest({ alert, labels, annotations }: AlertRule, kind: 'firing' | 'quiet') {
  const { interval = '1m', at, [kind]: series, labels: own } = ALERT_CASES[alert]!;
  const exp_labels = alert === 'VarveDown' ? labels : { ...labels, instance: 'a', ...own };
  const summary = annotations.summary.replace(/{{ \$labels\.(\w+) }}/g, (_, name: string) => {
    return exp_labels[name]!;
  });
  const fired = { exp_labels, exp_annotations: { ...annotations, summary } };
  return {
    name: `${alert}, ${kind}`,
    interval,
    input_series: Object.entries(series).map(([name, values]) => ({
      series: name.endsWith('}') ? name.replace('}', ',instance="a"}') : `${name}{instance="a"}`,
      values,
    })),
    alert_rule_test: [
      { eval_time: at, alertname: alert, exp_alerts: kind === 'firing' ? [fired] : [] },
    ],
  };
}

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

alerts('each has metrics that make it fire, and others on which it keeps quiet', () => {
  assert.equal(
    Object.keys(ALERT_CASES),
    rules.map(({ alert }) => alert),
  );
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

(programs === undefined ? alerts.skip : alerts)('each fires when it should, and says what', () => {
  const tests = rules.flatMap((rule) => [ruleTest(rule, 'firing'), ruleTest(rule, 'quiet')]);
  // Rules are looked at as often as there are values.
  for (const evaluation_interval of new Set(tests.map(({ interval }) => interval))) {
    const own = tests.filter(({ interval }) => interval === evaluation_interval);
    const file = join(dir, `tests-${evaluation_interval}.yaml`);
    const content = { rule_files: [resolve(FILE)], evaluation_interval, tests: own };
    writeFileSync(file, stringify(content));
    const { status, stdout, stderr } = spawnSync(programs!.promtool, ['test', 'rules', file], {
      encoding: 'utf8',
    });
    assert.is(status, 0, stdout + stderr);
  }
});

alerts.run();
