import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { suite } from '../../support/suite.ts';
import { metricsIn, startWatched, type WatchedVarve } from '../../support/watched-varve.ts';

const dashboard = suite('deploy/examples/dashboard');

const grid = z.strictObject({ h: z.int().min(1), w: z.int(), x: z.int(), y: z.int() });
const target = z.looseObject({ refId: z.string(), expr: z.string().min(1) });
const panel = z.looseObject({
  id: z.int(),
  title: z.string().min(1),
  type: z.enum(['row', 'timeseries', 'stat']),
  gridPos: grid,
  targets: z.array(target).default([]),
});
const dashboardSchema = z.looseObject({
  uid: z.string().max(40),
  title: z.string(),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string() })) }),
  panels: z.array(panel),
});

const text = readFileSync('deploy/examples/dashboard.json', 'utf8');
const { panels, templating } = dashboardSchema.parse(JSON.parse(text));
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

let watched: WatchedVarve;

dashboard.before(async () => {
  watched = await startWatched();
});

dashboard.after(async () => {
  assert.is((await watched.varve.stop()).code, 0);
});

/** What Grafana would send. */
function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
}

dashboard('every query is answered', async () => {
  for (const { title, expr } of queries) {
    const { status, error } = await watched.query(filledIn(expr));
    assert.is(status, 'success', `${title}: ${error}`);
  }
});

dashboard('every query asks for metrics that exist', () => {
  for (const { title, expr } of queries) {
    const names = metricsIn(expr);
    assert.ok(names.length > 0, title);
    for (const name of names) assert.ok(watched.names.has(name), `${title}: no metric ${name}`);
  }
});

dashboard('figures that need no second reading are there at once', async () => {
  const ofNow = queries.filter(
    ({ expr }) => !/rate|increase|> 0|amplification|by \(level|snapshot/.test(expr),
  );
  assert.ok(ofNow.length > 15);
  for (const { title, expr } of ofNow) {
    const { data } = await watched.query(filledIn(expr));
    assert.ok(data!.result.length > 0, `${title}: nothing for ${expr}`);
  }
});

dashboard('its panels do not overlap, and its variables are declared', () => {
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
  );
  assert.is(new Set(cells).size, cells.length);
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const declared = new Set(templating.list.map(({ name }) => name));
  for (const [, name] of text.matchAll(/\$\{?([a-z]+)\b/g)) {
    assert.ok(declared.has(name!), `$${name} is not declared`);
  }
});

dashboard.run();
