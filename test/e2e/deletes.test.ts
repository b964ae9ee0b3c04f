// Deletes through the real program: what is deleted is gone from answers at once, after a kill, and
// from the disk once it is asked to clean. The naive model says what has to be left.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileMatcher, type Matcher } from '../../storage/index.ts';
import { connect } from '../support/client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const deletes = suite('e2e/deletes');

const MINUTE_MS = 60_000;
const SERIES = 60;
const MINUTES = 360;
/** On a full second, as times of the API are in seconds. */
const END_MS = Math.floor(Date.now() / 1000) * 1000;
const START_MS = END_MS - MINUTES * MINUTE_MS;

/** By `job/instance`, the value of each time in seconds. */
type Contents = Map<string, Map<number, number>>;

function jobOf(series: number): string {
  return `job-${series % 3}`;
}

async function ingest(varve: VarveProcess): Promise<Contents> {
  const contents: Contents = new Map();
  const client = connect(varve.grpc);
  try {
    const timesMs = Array.from({ length: MINUTES }, (_, i) => START_MS + i * MINUTE_MS);
    const series = Array.from({ length: SERIES }, (_, s) => {
      const values = timesMs.map((_, i) => ((s * 7919 + i * 104_729) % 100_003) / 7);
      const labels = { __name__: 'load', instance: `i${s}`, job: jobOf(s) };
      contents.set(`${jobOf(s)}/i${s}`, new Map(timesMs.map((t, i) => [t / 1000, values[i]!])));
      return {
        labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
        timestampsMs: timesMs.map(BigInt),
        values,
      };
    });
    assert.is((await client.write({ series })).accepted, BigInt(SERIES * MINUTES));
  } finally {
    client.close();
  }
  return contents;
}

/** What the model has after a delete from `start` to `end`, both included, in seconds. */
function erase(contents: Contents, matchers: readonly Matcher[], start: number, end: number): void {
  for (const [key, points] of contents) {
    const [job, instance] = key.split('/');
    const values = new Map(Object.entries({ __name__: 'load', job, instance }));
    const isMeant = matchers.every((matcher) =>
      compileMatcher(matcher).matches(values.get(matcher.name) ?? ''),
    );
    for (const t of isMeant ? [...points.keys()] : []) if (t >= start && t <= end) points.delete(t);
    if (points.size === 0) contents.delete(key);
  }
}

interface SeriesAnswer {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

async function getData<Data>({ http }: VarveProcess, path: string): Promise<Data> {
  const response = await fetch(`${http}${path}`);
  assert.is(response.status, 200);
  const { data } = (await response.json()) as { data: Data };
  return data;
}

async function checkContents(varve: VarveProcess, contents: Contents): Promise<void> {
  const query = encodeURIComponent(`load[${MINUTES + 1}m]`);
  const path = `/api/v1/query?query=${query}&time=${END_MS / 1000}`;
  const { result } = await getData<{ result: SeriesAnswer[] }>(varve, path);
  const found: Contents = new Map(
    result.map(({ metric, values }) => [
      `${metric['job']}/${metric['instance']}`,
      new Map(values.map(([t, value]) => [t, Number(value)])),
    ]),
  );
  assert.equal([...found.keys()].sort(), [...contents.keys()].sort());
  for (const [key, points] of contents) assert.equal(found.get(key), points, key);
  const range = `start=${START_MS / 1000}&end=${END_MS / 1000}`;
  const listed = await getData<unknown[]>(varve, `/api/v1/series?match[]=load&${range}`);
  assert.is(listed.length, contents.size, 'as many series are listed');
}

function post({ http }: VarveProcess, action: string, init?: RequestInit): Promise<Response> {
  return fetch(`${http}/api/v1/admin/tsdb/${action}`, { method: 'POST', ...init });
}

async function expectDone(response: Response): Promise<void> {
  assert.equal([response.status, await response.text()], [204, '']);
}

function bytesBelow(dir: string): number {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.reduce((sum, name) => {
    const stats = statSync(join(dir, name));
    return sum + (stats.isFile() ? stats.size : 0);
  }, 0);
}

deletes('what is deleted is gone at once, after a kill, and from the disk', async () => {
  const dir = join(await tempDir(), 'data');
  let varve = await startServer(dir, ...QUIET);
  try {
    const contents = await ingest(varve);
    // A part of the time of some series, which are in memory; by URL, with dates.
    const [from, to] = [START_MS + 90 * MINUTE_MS, START_MS + 200 * MINUTE_MS];
    const dates = [from, to].map((t) => new Date(t).toISOString());
    const match = encodeURIComponent('load{job="job-1",instance=~"i1.*"}');
    const query = `match[]=${match}&start=${dates[0]}&end=${dates[1]}`;
    await expectDone(await post(varve, `delete_series?${query}`, { method: 'PUT' }));
    const some: Matcher[] = [
      { name: 'job', type: '=', value: 'job-1' },
      { name: 'instance', type: '=~', value: 'i1.*' },
    ];
    erase(contents, some, from / 1000, to / 1000);
    await checkContents(varve, contents);

    // All of a job, which is in tables; by a form, without times.
    await fetch(`${varve.http}/api/v1/admin/flush`, { method: 'POST' });
    const body = new URLSearchParams({ 'match[]': '{job="job-2"}' });
    await expectDone(await post(varve, 'delete_series', { body }));
    const job: Matcher[] = [{ name: 'job', type: '=', value: 'job-2' }];
    erase(contents, job, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    // Both ends are included: one point of one series.
    const one = new URLSearchParams({ 'match[]': 'load{instance="i0"}' });
    const at = String(START_MS / 1000 + 60);
    one.set('start', at);
    one.set('end', at);
    await expectDone(await post(varve, 'delete_series', { body: one }));
    erase(contents, [{ name: 'instance', type: '=', value: 'i0' }], Number(at), Number(at));
    await checkContents(varve, contents);

    await varve.stop('SIGKILL');
    varve = await startServer(dir, ...QUIET);
    await checkContents(varve, contents);

    await expectDone(await post(varve, 'clean_tombstones'));
    await checkContents(varve, contents);
    const { tombstones, tablePoints } = await getData<Record<string, unknown>>(
      varve,
      '/api/v1/status/storage',
    );
    const left = [...contents.values()].reduce((sum, points) => sum + points.size, 0);
    assert.equal({ tombstones, tablePoints }, { tombstones: 0, tablePoints: left });

    await expectDone(await post(varve, 'delete_series?match[]=load'));
    await expectDone(await post(varve, 'clean_tombstones'));
    await checkContents(varve, new Map());
    assert.is((await varve.stop()).code, 0);
    assert.is(bytesBelow(join(dir, 'windows')), 0, 'no table is left');
  } finally {
    await varve.stop('SIGKILL');
  }
});

deletes('cleaning makes the directory smaller', async () => {
  const dir = join(await tempDir(), 'data');
  const varve = await startServer(dir, ...QUIET);
  try {
    await ingest(varve);
    await fetch(`${varve.http}/api/v1/admin/flush`, { method: 'POST' });
    const before = bytesBelow(join(dir, 'windows'));
    await expectDone(await post(varve, 'delete_series?match[]={job="job-0"}'));
    await expectDone(await post(varve, 'clean_tombstones'));
    await fetch(`${varve.http}/api/v1/admin/compact`, { method: 'POST' });
    const share = bytesBelow(join(dir, 'windows')) / before;
    assert.ok(share > 0.5 && share < 0.8, `a third is deleted, ${share} is left`);
    const metrics = await (await fetch(`${varve.http}/metrics`)).text();
    assert.match(metrics, /^varve_storage_deletes_total 1$/m);
    assert.match(metrics, /^varve_storage_tombstones 0$/m);
  } finally {
    await varve.stop();
  }
});

deletes('what cannot be understood is refused, and deletes nothing', async () => {
  const varve = await startServer(join(await tempDir(), 'data'), ...QUIET);
  try {
    const contents = await ingest(varve);
    const refusals: readonly (readonly [string, RegExp])[] = [
      ['', /no match\[\] parameter provided/],
      ['?start=0&end=1', /no match\[\] parameter provided/],
      ['?match[]={', /parse error/],
      ['?match[]={}', /at least one non-empty matcher/],
      ['?match[]=rate(load[5m])', /parse error|selector/],
      ['?match[]=load&start=yesterday', /invalid parameter "start"/],
      ['?match[]=load&end=never', /invalid parameter "end"/],
      ['?match[]=load&match[]=!', /parse error/],
    ];
    for (const [query, message] of refusals) {
      const response = await post(varve, `delete_series${query}`);
      const { status, errorType, error } = (await response.json()) as Record<string, string>;
      assert.equal([response.status, status, errorType], [400, 'error', 'bad_data'], query);
      assert.match(error!, message);
    }
    const get = await fetch(`${varve.http}/api/v1/admin/tsdb/delete_series?match[]=load`);
    assert.equal([get.status, get.headers.get('allow')], [405, 'POST, PUT']);
    await expectDone(await post(varve, 'delete_series?match[]=nothing_of_this_name'));
    await checkContents(varve, contents);
  } finally {
    await varve.stop();
  }
});

deletes.run();
