// `ingest.event_metrics` through the real program: counted for everybody and for a tenant, over a
// restart, and with rules that a reload brings.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const eventMetrics = suite('e2e/event-metrics');

const ERRORS = `{name: errors_total, match: '{service="api"} |= "error"', by: [level]}`;
const BYTES = `{name: bytes_total, match: '{service="api"}', value: 'bytes=(?P<n>\\d+)'}`;

function configOf(...rules: string[]): string {
  const token = (name: string, rest: string) => {
    const hash = createHash('sha256').update(name).digest('hex');
    return `    - {name: ${name}, token_sha256: ${hash}, ${rest}}\n`;
  };
  const metrics = rules.map((rule) => `    - ${rule}\n`).join('');
  const tokens =
    token('admin', 'can: [write, read, admin]') +
    token('red', 'can: [write, read], labels: {team: red}');
  return `ingest:\n  event_metrics:\n${metrics}auth:\n  tokens:\n${tokens}`;
}

let varve: VarveProcess;
let sent = 0;

async function send(token: string, ...bodies: string[]): Promise<void> {
  const client = connect(varve.grpc, { token });
  const labels = Object.entries({ level: 'error', service: 'api' });
  const events = bodies.map((body) => ({
    timestampNs: BigInt(Date.now()) * 1_000_000n + BigInt(++sent),
    body: Buffer.from(body),
  }));
  try {
    const stream = { labels: labels.map(([name, value]) => ({ name, value })), events };
    assert.is((await client.write({ events: [stream] })).accepted, BigInt(bodies.length));
  } finally {
    client.close();
  }
}

async function ask(token: string, query: string): Promise<unknown[]> {
  const headers = { authorization: `Bearer ${token}` };
  const parameters = new URLSearchParams({ query });
  const response = await fetch(`${varve.http}/api/v1/query?${parameters}`, { headers });
  const { data } = (await response.json()) as {
    data: { result: { metric: object; value: [number, string] }[] };
  };
  return data.result.map(({ metric, value }) => [metric, value[1]]);
}

eventMetrics('counters are right for everybody and for a tenant, over a restart', async () => {
  const dir = await tempDir();
  const file = join(dir, 'varve.yaml');
  const start = async () => {
    varve = await startServer(join(dir, 'data'), '--config', file, ...QUIET);
  };
  writeFileSync(file, configOf(ERRORS));
  await start();
  await send('admin', 'error 1', 'fine', 'error 2');
  await send('red', 'error 3 bytes=7');
  writeFileSync(file, configOf(ERRORS, BYTES));
  await varve.logged(/ingest\.event_metrics.*reload: changed/);
  await send('red', 'error 4 bytes=35', 'fine');
  assert.is((await varve.stop()).code, 0);

  await start();
  await send('admin', 'error 5');
  assert.is((await varve.stop()).code, 0);

  await start();
  const everybodys = [{ __name__: 'errors_total', level: 'error' }, '3'];
  const ofRed = [{ __name__: 'errors_total', level: 'error', team: 'red' }, '2'];
  assert.equal(await ask('admin', 'sort_desc(errors_total)'), [everybodys, ofRed]);
  assert.equal(await ask('red', 'errors_total'), [ofRed]);
  assert.equal(await ask('red', 'bytes_total'), [[{ __name__: 'bytes_total', team: 'red' }, '35']]);
  const increase = await ask(
    'admin',
    'max_over_time(errors_total[1h]) - min_over_time(errors_total[1h])',
  );
  assert.equal(increase, [
    [{ level: 'error' }, '3'],
    [{ level: 'error', team: 'red' }, '2'],
  ]);
  await varve.stop();
});

eventMetrics.run();
