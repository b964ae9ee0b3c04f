// What is turned away before a door looks at it is counted by where, why and whose, and logged.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { connect, type WriteInit } from '../support/client.ts';
import { rejection } from '../support/rejection.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tokenConfig } from '../support/token-config.ts';
import { QUIET, serveVarve, type VarveProcess } from '../support/varve-process.ts';
import { toLabels } from '../support/write-requests.ts';

const refusals = suite('e2e/refusals');

const TOKENS = {
  admin: 'can: [write, read, admin]',
  reader: 'can: [read]',
  red: 'can: [write, read], labels: {team: red}',
};
const LIMIT_BYTES = 64 * 1024;
const METRIC = /^varve_refused_requests_total\{(.*)\} (\d+)$/gm;

let varve: VarveProcess;

refusals.before(async () => {
  const config = join(await tempDir(), 'varve.yaml');
  writeFileSync(config, `${tokenConfig(TOKENS)}ingest: {limits: {message: ${LIMIT_BYTES}}}\n`);
  varve = await serveVarve('--config', config, ...QUIET);
});

refusals.after(async () => {
  await varve.stop();
});

/** With headers that fetch would not let through. */
function statusOf(
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  body = '',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const url = `${varve.http}${path}`;
    const asked = request(url, { method, headers, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.once('error', reject).end(body);
  });
}

const bearer = (token: string) => ({ authorization: `Bearer secret-${token}` });

async function codeOf(token: string | undefined, message: WriteInit): Promise<status> {
  const client = connect(varve.grpc, token === undefined ? {} : { token: `secret-${token}` });
  const error = (await rejection(client.write(message))) as unknown as { code: status };
  client.close();
  return error.code;
}

/** Counts by their labels, as they stand in /metrics. */
async function counts(): Promise<Record<string, number>> {
  const response = await fetch(`${varve.http}/metrics`, { headers: bearer('admin') });
  const lines = (await response.text()).matchAll(METRIC);
  return Object.fromEntries([...lines].map(([, labels, count]) => [labels!, Number(count)]));
}

refusals('over HTTP', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const long = 'x'.repeat(LIMIT_BYTES + 1);
  assert.is(await statusOf('/api/v1/label/a/values', {}), 401);
  assert.is(await statusOf('/api/v1/label/b/values', {}), 401);
  assert.is(await statusOf('/write', { authorization: 'Bearer guessed' }, 'POST', 'm f=1'), 401);
  assert.is(await statusOf('/nothing/here', {}), 401);
  assert.is(await statusOf('/write', bearer('reader'), 'POST', 'm f=1'), 403);
  assert.is(await statusOf('/metrics', bearer('red')), 403);
  assert.is(await statusOf('/metrics', { ...bearer('admin'), host: 'evil.test' }), 403);
  assert.is(await statusOf('/api/v1/query', { ...bearer('red'), origin: 'http://a.test' }), 403);
  assert.is(await statusOf('/api/v1/query', { ...bearer('red'), ...form }, 'POST', long), 413);
  assert.equal(await counts(), {
    'port="http",reason="no_token",path="/api/v1/label/:name/values"': 2,
    'port="http",reason="unknown_token",path="/write"': 1,
    'port="http",reason="no_token"': 1,
    'port="http",reason="no_right",path="/write",token="reader"': 1,
    'port="http",reason="not_its_own",path="/metrics",token="red"': 1,
    'port="http",reason="host",path="/metrics",token="admin"': 1,
    'port="http",reason="origin",path="/api/v1/query",token="red"': 1,
    'port="http",reason="too_large",path="/api/v1/query",token="red"': 1,
  });
  await varve.logged(/"reason":"no_right".*"token":"reader","requests":1,"msg":"requests refused"/);
});

refusals('over gRPC', async () => {
  const path = '/varve.v1.IngestService/Write';
  const labels = toLabels({ __name__: 'm', long: 'x'.repeat(LIMIT_BYTES) });
  assert.is(await codeOf(undefined, {}), status.UNAUTHENTICATED);
  assert.is(await codeOf('unknown', {}), status.UNAUTHENTICATED);
  assert.is(await codeOf('reader', {}), status.PERMISSION_DENIED);
  assert.is(await codeOf('red', { series: [{ labels }] }), status.RESOURCE_EXHAUSTED);
  const found = await counts();
  for (const [reason, token] of [
    ['no_token', ''],
    ['unknown_token', ''],
    ['no_right', ',token="reader"'],
    ['too_large', ',token="red"'],
  ]) {
    assert.is(found[`port="grpc",reason="${reason}",path="${path}"${token}`], 1, reason);
  }
});

refusals('bytes that make no request', async () => {
  const { hostname, port } = new URL(varve.http);
  for (const bytes of [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `GET / HTTP/1.1\r\na: ${'b'.repeat(20_000)}\r\n`,
  ]) {
    const socket = connectTcp(Number(port), hostname);
    socket.resume().write(bytes);
    await once(socket, 'close');
  }
  const found = await counts();
  assert.is(found['port="http",reason="not_http"'], 1);
  assert.is(found['port="http",reason="large_headers"'], 1);
});

refusals.run();
