import { InfluxDB, Point } from '@influxdata/influxdb-client';
import * as assert from 'uvu/assert';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { NOW_MS } from '../../support/ingest-server.ts';
import { suite } from '../../support/suite.ts';
import { toLabels } from '../../support/write-requests.ts';

const influx = suite<{ server: DoorServer }>('ingest/http/influx');

influx.before.each(async (context) => {
  context.server = await startDoorServer();
});

influx.after.each(async ({ server }) => {
  assert.equal(server.bugs, []);
  await server.close();
});

function post(server: DoorServer, path: string, body: string): Promise<Response> {
  return fetch(`${server.http}${path}`, { method: 'POST', body });
}

function pointsOf({ storage }: DoorServer, labels: Record<string, string>) {
  return storage.contents().get(JSON.stringify(toLabels(labels)));
}

const ONE = 0x3ff0000000000000n;

for (const path of ['/write?db=telegraf', '/api/v2/write?org=o&bucket=telegraf']) {
  influx(`stores what comes to ${path}`, async ({ server }) => {
    const lines = `cpu,host=a user=1 ${NOW_MS}\ncpu,host=a user=1 ${NOW_MS - 1}`;
    const answer = await post(server, `${path}&precision=ms`, lines);
    assert.is(answer.status, 204);
    assert.is(await answer.text(), '');
    assert.equal(pointsOf(server, { __name__: 'cpu_user', db: 'telegraf', host: 'a' }), [
      [NOW_MS - 1, ONE],
      [NOW_MS, ONE],
    ]);
  });
}

influx('two databases have the same lines and other series', async ({ server }) => {
  for (const database of ['a', 'b', '']) {
    for (let time = 0; time < 2; time++) await post(server, `/write?db=${database}`, 'm f=1');
  }
  assert.equal(
    [...server.storage.contents().keys()].sort(),
    [{ __name__: 'm_f', db: 'a' }, { __name__: 'm_f', db: 'b' }, { __name__: 'm_f' }].map((l) =>
      JSON.stringify(toLabels(l)),
    ),
  );
});

const PARTIAL = `good f=1\nbad f=\ngood f="text",g=2\nold f=1 1\n`;
const PARTIAL_MESSAGE = [
  'partial write: line 2: a field value that is no number, boolean or string;',
  '3 rejected, 2 stored;',
  "1: timestamp older than its policy's keep (retention.policies);",
  '1: line that cannot be read; 1: value that is not a number',
].join(' ');

influx('stores the good lines of version 1 and names the first bad one', async ({ server }) => {
  const answer = await post(server, '/write', PARTIAL);
  assert.is(answer.status, 400);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(await answer.json(), { error: PARTIAL_MESSAGE });
  assert.equal(pointsOf(server, { __name__: 'good_f' }), [[NOW_MS, ONE]]);
});

influx('stores the good lines of version 2 and names the first bad one', async ({ server }) => {
  const answer = await post(server, '/api/v2/write?bucket=b', PARTIAL);
  assert.is(answer.status, 400);
  assert.equal(await answer.json(), { code: 'invalid', message: PARTIAL_MESSAGE });
  assert.equal(pointsOf(server, { __name__: 'good_f', db: 'b' }), [[NOW_MS, ONE]]);
});

influx('lines that are expected are read as if they were not', async ({ server }) => {
  const heads = ['cpu,host=a user', 'cpu,host=a users', 'cpu,host=a us\\ er', 'm f'];
  const tails = ['=1', '=1i', '=1,more=1', '="text"', '=abc', '=', '', '=1 x', 'x=1'];
  const times = 5;
  for (let time = 0; time < times; time++) {
    const lines = heads.flatMap((head) =>
      tails.map((tail) => (/[1t]$/.test(tail) ? `${head}${tail} ${NOW_MS - time}` : head + tail)),
    );
    await post(server, '/write?db=d&precision=ms', lines.join('\n'));
  }
  const perHead = ['cpu_user', 'cpu_users', 'cpu_us er', 'm_f', 'cpu_userx', 'm_more', 'cpu_more'];
  for (const name of perHead) {
    const tags = name.startsWith('cpu') ? { host: 'a' } : {};
    const stored = pointsOf(server, { __name__: name, db: 'd', ...tags });
    assert.is(stored?.length, times, name);
    assert.ok(stored?.every(([, bits]) => bits === ONE));
  }
  const metrics = await server.registry.metrics();
  const bad = heads.length * 4 * times;
  assert.match(metrics, new RegExp(`method="influx",reason="malformed_line"} ${bad}\n`));
});

influx('strings are left out, and are no mistake of the sender', async ({ server }) => {
  const answer = await post(server, '/write', 'm f=1,s="text"\nm s="more"');
  assert.is(answer.status, 204);
  const metrics = await server.registry.metrics();
  assert.match(metrics, /rejected_points_total\{method="influx",reason="not_a_number"\} 2$/m);
});

influx('a precision that nobody knows stores nothing', async ({ server }) => {
  const answer = await post(server, '/api/v2/write?precision=days', 'm f=1');
  assert.is(answer.status, 400);
  const message = 'precision "days" is not known; use ns, us, ms, s, m or h';
  assert.equal(await answer.json(), { code: 'invalid', message });
  assert.is(server.storage.contents().size, 0);
});

influx('a body that is many batches long is stored whole', async ({ server }) => {
  const lines = 70_000;
  async function* pieces() {
    for (let i = 0; i < lines; i += 100) {
      const rows = Array.from({ length: 100 }, (_, j) => `m f=${i + j} ${NOW_MS - i - j}\n`);
      yield Buffer.from(rows.join(''));
    }
  }
  const answer = await fetch(`${server.http}/write?precision=ms`, {
    method: 'POST',
    body: ReadableStream.from(pieces()),
    duplex: 'half',
  } as RequestInit);
  assert.is(answer.status, 204);
  assert.is(pointsOf(server, { __name__: 'm_f' })?.length, lines);
  const metrics = await server.registry.metrics();
  assert.match(metrics, /^varve_ingest_batches_total\{method="influx"\} 1$/m);
});

influx('clients that ask whether somebody is there are answered', async ({ server }) => {
  const ping = await fetch(`${server.http}/ping`);
  assert.is(ping.status, 204);
  assert.match(ping.headers.get('x-influxdb-version') ?? '', /^1\.8/);
  const health = (await (await fetch(`${server.http}/health`)).json()) as { status: string };
  assert.is(health.status, 'pass');
});

influx('a database need not be made, and InfluxQL is not spoken', async ({ server }) => {
  const query = `${server.http}/query`;
  const q = 'CREATE DATABASE "telegraf"';
  const made = { results: [{ statement_id: 0 }] };
  assert.equal(await (await fetch(`${query}?${new URLSearchParams({ q })}`)).json(), made);
  const posted = await fetch(query, { method: 'POST', body: new URLSearchParams({ q }) });
  assert.equal(await posted.json(), made);
  const other = await fetch(`${query}?q=SELECT%20*%20FROM%20cpu`);
  assert.is(other.status, 400);
  assert.match(((await other.json()) as { error: string }).error, /InfluxQL is not spoken here/);
});

influx("InfluxDB's own client writes what it means", async ({ server }) => {
  const client = new InfluxDB({ url: server.http, token: 'any' });
  const api = client.getWriteApi('o', 'home', 'ms', { gzipThreshold: 0, maxRetries: 0 });
  api.useDefaultTags({ site: 'a b' });
  const point = new Point('room =,')
    .tag('tag, =', 'value, =')
    .floatField('temp', 1)
    .intField('n', 1)
    .booleanField('on', true)
    .stringField('note', 'a "quoted" one')
    .timestamp(NOW_MS);
  api.writePoint(point);
  await api.close();
  const labels = { db: 'home', site: 'a b', 'tag, =': 'value, =' };
  for (const field of ['temp', 'n', 'on']) {
    const stored = pointsOf(server, { __name__: `room =,_${field}`, ...labels });
    assert.equal(stored, [[NOW_MS, ONE]], field);
  }
  let message = '';
  const writeFailed = async (error: Error) => {
    message = error.message;
  };
  const failing = client.getWriteApi('o', 'home', 'ms', { maxRetries: 0, writeFailed });
  failing.writeRecord('bad f=');
  await failing.close();
  assert.match(message, /line 1: a field value that is no number/);
});

influx.run();
