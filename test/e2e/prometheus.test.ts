// varve beside a real Prometheus that holds the same points: the same requests, the same answers;
// and promtool, which is written for the one, asking the other. Prometheus 2 has ranges that are
// closed on the left where 3 has them open, so no range here ends on a point.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { findPrometheus, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { suite } from '../support/suite.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const prometheus = suite('e2e/prometheus');

const STEPS = 60;
const STEP_S = 15;
/** Old enough that every window of the test is past, aligned so that steps fall between points. */
const BASE_S = Math.floor(Date.now() / 1000 / 3600) * 3600 - 7200;
const END_S = BASE_S + STEPS * STEP_S;
const MID_S = BASE_S + 457;

interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly valueAt: (step: number) => number;
}

const BOUNDS = ['0.1', '0.5', '1', '+Inf'];

const SERIES: readonly TestSeries[] = [
  ...['a', 'b', 'c'].map((instance, i) => ({
    labels: { __name__: 'requests_total', instance, job: i < 2 ? 'api' : 'web' },
    // A counter that starts anew in the middle.
    valueAt: (step: number) => (step < 33 ? step * (i + 1) * 7 : (step - 33) * (i + 2)),
  })),
  ...['a', 'b'].map((instance, i) => ({
    labels: { __name__: 'temperature_celsius', instance, path: 'C:\\a "b"\n\u00e9' },
    valueAt: (step: number) => 20 + i + Math.sin(step / 5) * 1e-3,
  })),
  ...BOUNDS.map((le, i) => ({
    labels: { __name__: 'latency_seconds_bucket', job: 'api', le },
    valueAt: (step: number) => step * (i + 1),
  })),
  {
    labels: { __name__: 'odd_values', job: 'odd' },
    valueAt: (step: number) => [Infinity, -Infinity, NaN, 1e21, 1e-7, -0, 123456789][step % 7]!,
  },
];

const dir = mkdtempSync(join(tmpdir(), 'varve-prometheus-'));
const programs = findPrometheus(dir);
const test = programs === undefined ? prometheus.skip : prometheus;
let theirs: PrometheusServer;
let ours: VarveProcess;

prometheus.before(async () => {
  if (programs === undefined) return;
  theirs = await startPrometheus(programs, dir, exposition());
  ours = await startServer(join(dir, 'varve'), ...QUIET);
  const client = connect(ours.grpc);
  const response = await client.write({
    series: SERIES.map(({ labels, valueAt }) => ({
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
      timestampsMs: Array.from({ length: STEPS }, (_, i) => BigInt((BASE_S + i * STEP_S) * 1000)),
      values: Array.from({ length: STEPS }, (_, i) => valueAt(i)),
    })),
  });
  client.close();
  assert.is(response.accepted, BigInt(SERIES.length * STEPS));
});

prometheus.after(async () => {
  await theirs?.end();
  if (ours !== undefined) assert.is((await ours.stop()).code, 0);
  rmSync(dir, { recursive: true, force: true });
});

function exposition(): string {
  const lines = SERIES.flatMap(({ labels, valueAt }) => {
    const { __name__: name, ...rest } = labels;
    const pairs = Object.entries(rest).map(([key, value]) => `${key}=${escaped(value)}`);
    return Array.from({ length: STEPS }, (_, i) => {
      return `${name}{${pairs.join(',')}} ${exposed(valueAt(i))} ${BASE_S + i * STEP_S}\n`;
    });
  });
  return `${lines.join('')}# EOF\n`;
}

function escaped(value: string): string {
  const text = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${text}"`;
}

function exposed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

const AT = { time: String(MID_S) };
const RANGE = { start: String(BASE_S + 7), end: String(END_S), step: '30' };
const SPAN = { start: String(BASE_S), end: String(END_S) };

type Parameters = Readonly<Record<string, string | readonly string[]>>;

const REQUESTS: readonly (readonly [path: string, parameters: Parameters])[] = [
  ['query', { query: 'requests_total', ...AT }],
  ['query', { query: 'sum by (job) (rate(requests_total[2m]))', ...AT }],
  ['query', { query: 'requests_total{instance=~"a|b"}[1m]', ...AT }],
  ['query', { query: 'odd_values[2m]', ...AT }],
  ['query', { query: 'sort_desc(requests_total)', ...AT }],
  ['query', { query: 'topk(2, requests_total)', ...AT }],
  ['query', { query: '1 / 3', ...AT }],
  ['query', { query: '"text"', ...AT }],
  ['query', { query: 'missing', ...AT }],
  ['query', { query: 'time()', time: '2020-01-02T03:04:05.678+01:00' }],
  ['query', { query: 'vector(1)', time: '1e9' }],
  ['query', { query: 'vector(1)', time: '1.5' }],
  ['query', { query: 'temperature_celsius', ...AT, timeout: '5s' }],
  ['query', { query: 'histogram_quantile(0.9, latency_seconds_bucket)', ...AT }],
  ['query_range', { query: 'requests_total', ...RANGE }],
  ['query_range', { query: 'rate(requests_total[1m])', ...RANGE, step: '1m' }],
  ['query_range', { query: 'increase(requests_total{job="web"}[2m:20s])', ...RANGE }],
  ['query_range', { query: 'odd_values', ...RANGE }],
  ['query_range', { query: 'quantile_over_time(0.3, temperature_celsius[3m])', ...RANGE }],
  ['query_range', { query: 'stddev_over_time(temperature_celsius[3m])', ...RANGE }],
  ['query_range', { query: 'time()', ...RANGE }],
  ['query_range', { query: 'requests_total / on (instance) temperature_celsius', ...RANGE }],
  ['query_range', { query: 'count_values("v", requests_total > 50)', ...RANGE, step: '5m' }],
  ['series', { 'match[]': 'requests_total', ...SPAN }],
  ['series', { 'match[]': ['requests_total{job="api"}', '{path!=""}'], ...SPAN }],
  ['series', { 'match[]': 'missing', ...SPAN }],
  ['labels', SPAN],
  ['labels', { 'match[]': 'temperature_celsius', ...SPAN }],
  ['labels', {}],
  ['label/job/values', {}],
  ['label/__name__/values', { 'match[]': '{job="api"}', ...SPAN }],
  ['label/missing/values', SPAN],
  ['format_query', { query: 'sum(rate(x{a="b"}[5m])) by(c)' }],
  ['metadata', {}],
  ['metadata', { metric: 'requests_total', limit: '1' }],
];

for (const [path, parameters] of REQUESTS) {
  test(`answers ${path} ${decodeURIComponent(search(parameters))} the same`, async () => {
    const [got, wanted] = await askBoth(path, parameters);
    assert.equal(got, wanted);
  });
}

/** What is refused: with the same status and kind. Words differ where ours say more. */
const MISTAKES: readonly (readonly [path: string, parameters: Parameters])[] = [
  ['query', { query: '', ...AT }],
  ['query', { query: 'sum(', ...AT }],
  ['query', { query: 'rate(requests_total)', ...AT }],
  ['query', { query: 'unknown(requests_total)', ...AT }],
  ['query', { query: 'x', time: 'yesterday' }],
  ['query', { query: 'x', ...AT, timeout: 'soon' }],
  ['query', { query: 'requests_total / ignoring (instance, job) requests_total', ...AT }],
  ['query_range', { query: 'x' }],
  ['query_range', { query: 'x', ...RANGE, step: '0' }],
  ['query_range', { query: 'x', ...RANGE, step: '-1' }],
  ['query_range', { query: 'x', ...RANGE, end: '0' }],
  ['query_range', { query: 'x', ...RANGE, start: '0', step: '1' }],
  ['query_range', { query: 'requests_total[5m]', ...RANGE }],
  ['query_range', { query: '"text"', ...RANGE }],
  ['series', {}],
  ['series', { 'match[]': '{}' }],
  ['series', { 'match[]': 'x offset 5m' }],
  ['labels', { 'match[]': 'x{' }],
  ['label/job/values', { start: 'soon' }],
  ['metadata', { limit: 'many' }],
  ['format_query', { query: 'sum(' }],
];

for (const [path, parameters] of MISTAKES) {
  test(`refuses ${path} ${decodeURIComponent(search(parameters))} the same`, async () => {
    const [got, wanted] = (await askBoth(path, parameters)).map(({ status, body }) => {
      return { status, kind: body.errorType, data: body.data };
    });
    assert.equal(got, wanted);
    assert.is.not(wanted!.status, 200);
  });
}

interface Answer {
  readonly status: number;
  readonly body: { data?: { result?: unknown }; errorType?: string };
}

/** Ours by GET, which has to be the same by POST where Prometheus takes one; then theirs. */
async function askBoth(path: string, parameters: Parameters): Promise<[Answer, Answer]> {
  const inOrder = !/^sort/.test(String(parameters['query']));
  const got = await ask(`${ours.http}/api/v1/${path}?${search(parameters)}`, inOrder);
  if (['query', 'query_range', 'series', 'labels', 'format_query'].includes(path)) {
    const body = new URLSearchParams(search(parameters));
    const posted = await ask(`${ours.http}/api/v1/${path}`, inOrder, {
      method: 'POST',
      body,
    });
    assert.equal(posted, got);
  }
  return [got, await ask(`http://${theirs.http}/api/v1/${path}?${search(parameters)}`, inOrder)];
}

function search(parameters: Parameters): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) pairs.append(name, one);
  }
  return pairs.toString();
}

/** Lists come in an order of the server's choice, unless it was asked for; `inOrder` sorts them. */
async function ask(url: string, inOrder: boolean, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const body = (await response.json()) as Answer['body'];
  for (const list of [body.data, body.data?.result]) {
    if (!inOrder || !Array.isArray(list) || typeof list[0] !== 'object') continue;
    list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return { status: response.status, body };
}

function promtool(url: string, command: string, flags: string[], ...args: string[]): string {
  const all = ['query', command, ...flags, url, ...args];
  return execFileSync(programs!.promtool, all, { encoding: 'utf8' });
}

const SPAN_FLAGS = [`--start=${BASE_S + 7}`, `--end=${END_S}`];

const COMMANDS: readonly (readonly [command: string, flags: string[], ...args: string[]])[] = [
  ['instant', [`--time=${MID_S}`], 'sort(requests_total)'],
  ['instant', [`--time=${MID_S}`], 'scalar(requests_total{instance="a"})'],
  ['range', [...SPAN_FLAGS, '--step=1m'], 'sum by (job) (rate(requests_total[2m]))'],
  ['range', [...SPAN_FLAGS, '--header=X-Test: 1'], 'latency_seconds_bucket{le="+Inf"}'],
  ['series', [...SPAN_FLAGS, '--match=requests_total', '--match={path!=""}']],
  ['labels', SPAN_FLAGS, 'instance'],
  ['labels', [...SPAN_FLAGS, '--match={path!=""}'], '__name__'],
];

for (const [command, flags, ...args] of COMMANDS) {
  test(`tells promtool query ${[command, ...flags, ...args].join(' ')} the same`, () => {
    const got = promtool(ours.http, command, flags, ...args);
    const lines = (text: string) => text.split('\n').sort();
    assert.equal(lines(got), lines(promtool(`http://${theirs.http}`, command, flags, ...args)));
    assert.ok(got.trim().length > 0);
  });
}

prometheus.run();
