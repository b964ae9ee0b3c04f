// Tokens on both ports of the program: who may do what, and what a tenant sees.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { rejection } from '../support/rejection.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tokenConfig } from '../support/token-config.ts';
import { QUIET, runVarve, serveVarve, type VarveProcess } from '../support/varve-process.ts';

const access = suite('e2e/access');

const TOKENS: Readonly<Record<string, string>> = {
  writer: 'can: [write]',
  reader: 'can: [read]',
  admin: 'can: [write, read, admin]',
  blue: 'can: [write, read, admin], labels: {team: blue}',
  red: 'can: [write, read], labels: {team: red}',
};
const NOW_MS = Date.now();

let varve: VarveProcess;
let configFile: string;

access.before(async () => {
  configFile = join(await tempDir(), 'varve.yaml');
  writeFileSync(configFile, tokenConfig(TOKENS));
  varve = await serveVarve('--config', configFile, ...QUIET);
});

access.after(async () => {
  await varve.stop();
});

async function request(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer secret-${token}` };
  return fetch(`${varve.http}${path}`, { ...init, headers: { ...init.headers, ...headers } });
}

async function statusOf(path: string, token?: string, init?: RequestInit): Promise<number> {
  const response = await request(path, token, init);
  await response.arrayBuffer();
  return response.status;
}

async function found(token: string, path: string): Promise<unknown> {
  const response = await request(path, token);
  const { data } = (await response.json()) as { data: unknown };
  return data;
}

function point(metric: string, value: number, extra: Readonly<Record<string, string>> = {}) {
  const labels = Object.entries({ __name__: metric, ...extra });
  return {
    series: [
      {
        labels: labels.map(([name, text]) => ({ name, value: text })),
        timestampsMs: [BigInt(NOW_MS)],
        values: [value],
      },
    ],
  };
}

async function write(token: string, ...given: Parameters<typeof point>): Promise<void> {
  const client = connect(varve.grpc, { token: `secret-${token}` });
  try {
    assert.is((await client.write(point(...given))).accepted, 1n);
  } finally {
    client.close();
  }
}

access('commands show the token of VARVE_TOKEN', async () => {
  const query = () => runVarve('query', '--http', varve.http, 'vector(7)', '--json');
  const refused = await query();
  assert.is(refused.code, 1);
  process.env['VARVE_TOKEN'] = 'secret-reader';
  const answered = await query();
  const exported = await runVarve('export', '--http', varve.http, '--match', '{a="none"}');
  const denied = await runVarve('snapshot', '--http', varve.http, join(await tempDir(), 'new'));
  delete process.env['VARVE_TOKEN'];
  assert.is(answered.code, 0, answered.stderr);
  assert.match(answered.stdout, /"7"/);
  assert.is(exported.code, 0, exported.stderr);
  assert.match(denied.stderr, /admin/);
});

access('a token does what it can, and nothing else', async () => {
  await write('writer', 'ours', 1);
  const reader = connect(varve.grpc, { token: 'secret-reader' });
  const refused = (await rejection(reader.write(point('ours', 2)))) as unknown as grpc.ServiceError;
  assert.is(refused.code, grpc.status.PERMISSION_DENIED);
  assert.match(refused.details, 'the token reader may not write');
  reader.close();

  assert.is(await statusOf('/api/v1/query?query=ours', 'writer'), 403);
  assert.is(await statusOf('/api/v1/query?query=ours', 'reader'), 200);
  const line = JSON.stringify({ metric: { __name__: 'x' }, values: [1], timestamps: [NOW_MS] });
  const body = { method: 'POST', body: line };
  assert.is(await statusOf('/api/v1/import', 'reader', body), 403);
  assert.is(await statusOf('/api/v1/import', 'writer', body), 200);
  for (const path of ['/-/reload', '/api/v1/admin/flush']) {
    assert.is(await statusOf(path, 'reader', { method: 'POST' }), 403, path);
    assert.is(await statusOf(path, 'admin', { method: 'POST' }), 200, path);
  }
  assert.is(await statusOf('/api/v1/status/config', 'reader'), 403);
  const config = await (await request('/api/v1/status/config', 'admin')).text();
  assert.not.match(config, /sha256/);
});

access('a tenant writes and sees its own series alone', async () => {
  await write('admin', 'shared', 1, { secret: 'everybody' });
  await write('red', 'shared', 2, { team: 'blue', secret: 'reds' });
  await write('blue', 'shared', 3, { secret: 'blues' });

  const valuesOf = async (token: string): Promise<string[]> => {
    const data = (await found(token, '/api/v1/query?query=shared')) as {
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    return data.result.map(({ metric, value }) => `${metric['team']}=${value[1]}`).sort();
  };
  assert.equal(await valuesOf('red'), ['red=2']);
  assert.equal(await valuesOf('blue'), ['blue=3']);
  assert.equal(await valuesOf('admin'), ['blue=3', 'red=2', 'undefined=1']);
});

const ATTEMPTS: readonly string[] = [
  '{secret!=""}',
  '{team="blue"}',
  '{team=~".*"}',
  '{team!="red"}',
  '{team=""}',
  '{__name__=~".+"}',
  'shared or {team="blue"}',
  'shared{team="red"} or shared{team="blue"}',
  'count by (secret) ({__name__=~".+"})',
  'label_replace(shared{team="blue"}, "team", "red", "", "")',
  'max_over_time(shared{team="blue"}[1h])',
  'sum_over_time({team=~"blue|"}[1h:1m])',
  'info(shared, {team="blue"})',
  'shared{team="blue" or team="red"}',
];

access('whatever a tenant asks, nothing of others comes back', async () => {
  const range = `start=${NOW_MS / 1000 - 3600}&end=${NOW_MS / 1000 + 3600}`;
  const paths = ATTEMPTS.flatMap((query) => {
    const text = encodeURIComponent(query);
    return [
      `/api/v1/query?query=${text}`,
      `/api/v1/query_range?query=${text}&${range}&step=60`,
      `/api/v1/series?match[]=${text}`,
      `/api/v1/labels?match[]=${text}`,
      `/api/v1/label/secret/values?match[]=${text}`,
      `/api/v1/export?match[]=${text}`,
    ];
  });
  const others = ['/api/v1/labels', '/api/v1/label/secret/values', '/api/v1/metadata'];
  for (const path of [...paths, ...others, '/api/v1/status/active_queries']) {
    const text = await (await request(path, 'red')).text();
    assert.not.match(text, /blues|everybody/, path);
  }
  const whole = [
    '/metrics',
    ...['tsdb', 'storage', 'retention'].map((of) => `/api/v1/status/${of}`),
  ];
  for (const path of whole) {
    assert.is(await statusOf(path, 'red'), 403, path);
  }
  for (const path of ['/-/reload', '/api/v1/admin/flush', '/api/v1/admin/tsdb/snapshot']) {
    assert.is(await statusOf(path, 'blue', { method: 'POST' }), 403, path);
  }
  const client = connect(varve.grpc, { token: 'secret-red' });
  const range64 = { startMs: BigInt(NOW_MS - 3_600_000), endMs: BigInt(NOW_MS + 3_600_000) };
  for (const selector of ['{secret!=""}', '{team="blue"}', '{__name__=~".+"}']) {
    const responses = await client.scanRange({ selectors: [selector], ...range64 });
    const values = responses
      .flatMap(({ definitions }) => definitions)
      .flatMap(({ labels }) => labels.map(({ value }) => value));
    assert.not.ok(values.some((value) => ['blues', 'everybody', 'blue'].includes(value)));
  }
  client.close();
});

access('a token that a reload takes away is not known any more', async () => {
  assert.is(await statusOf('/api/v1/labels', 'reader'), 200);
  const { reader: _, ...left } = TOKENS;
  writeFileSync(configFile, tokenConfig(left));
  assert.is(await statusOf('/-/reload', 'admin', { method: 'POST' }), 200);
  assert.is(await statusOf('/api/v1/labels', 'reader'), 401);
  assert.is(await statusOf('/api/v1/labels', 'admin'), 200);
});

access('the server writes its own metrics when tokens are asked for', async () => {
  const own = await serveVarve('--config', configFile);
  try {
    await own.logged(/the first points are in/);
  } finally {
    await own.stop();
  }
});

access.run();
