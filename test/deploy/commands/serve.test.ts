import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import {
  GRPC_STATUS,
  type WriteRequest,
  WriteRequestSchema,
  type WriteResponse,
  WriteResponseSchema,
} from '../../../proto/index.ts';
import { suite } from '../../support/suite.ts';
import { QUIET, serveVarve, type VarveProcess } from '../../support/varve-process.ts';

const serve = suite('deploy/commands/serve');

/** For tests that only look. */
let shared: VarveProcess;
serve.before(async () => {
  shared = await serveVarve(...QUIET);
});
serve.after(async () => {
  await shared.stop();
});

/** Runs `test` on a server of its own. */
function withServer(title: string, args: string[], test: (varve: VarveProcess) => Promise<void>) {
  serve(title, async () => {
    const varve = await serveVarve(...args);
    try {
      await test(varve);
    } finally {
      await varve.stop();
    }
  });
}

interface Reply {
  readonly code: number;
  readonly headers: Headers;
  readonly text: string;
}

async function get(url: string, init?: RequestInit): Promise<Reply> {
  const response = await fetch(url, init);
  return { code: response.status, headers: response.headers, text: await response.text() };
}

/** With headers that fetch would not let through. */
function rawGet(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', reject).end();
  });
}

type WriteStream = ClientDuplexStream<WriteRequest, WriteResponse>;

function openStream(address: string): { client: Client; stream: WriteStream } {
  const client = new Client(address, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest(
    '/varve.v1.IngestService/WriteStream',
    (message: WriteRequest) => Buffer.from(toBinary(WriteRequestSchema, message)),
    (bytes: Buffer) => fromBinary(WriteResponseSchema, bytes),
  );
  return { client, stream };
}

function onePoint(sequence: bigint): WriteRequest {
  return create(WriteRequestSchema, {
    sequence,
    series: [
      {
        labels: [{ name: '__name__', value: 'test_points' }],
        timestampsMs: [BigInt(Date.now())],
        values: [Number(sequence)],
      },
    ],
  });
}

withServer('the first points of server and host are there right after ready', [], async (varve) => {
  await varve.logged(/the first points are in/);
  for (const [name, job] of [
    ['node_load1', 'node'],
    ['varve_build_info', 'varve'],
  ]) {
    const { text } = await get(`${varve.http}/api/v1/query?query=${name}`);
    const [series] = JSON.parse(text).data.result;
    assert.is(series.metric.job, job);
    assert.is(series.metric.instance, varve.http.slice('http://'.length));
  }
});

serve('health, readiness and metrics answer as Prometheus would', async () => {
  const { http } = shared;
  assert.is((await get(`${http}/-/healthy`)).code, 200);
  assert.is((await get(`${http}/-/ready`)).code, 200);
  const metrics = await get(`${http}/metrics`);
  assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
  for (const name of [
    'varve_build_info{',
    'varve_storage_series ',
    'varve_wal_syncs_total ',
    'varve_ingest_points_total ',
    'varve_retention_sweeps_total ',
    'process_cpu_seconds_total ',
  ]) {
    assert.ok(metrics.text.includes(`\n${name}`), name);
  }
});

serve('what is not there is said in JSON', async () => {
  const { http } = shared;
  const missing = await get(`${http}/api/v1/nothing?x=1`);
  assert.is(missing.code, 404);
  assert.equal(JSON.parse(missing.text), {
    status: 'error',
    errorType: 'not_found',
    error: 'there is nothing at /api/v1/nothing',
  });
  const wrongMethod = await get(`${http}/-/reload`);
  assert.is(wrongMethod.code, 405);
  assert.is(wrongMethod.headers.get('allow'), 'POST');
  assert.is(JSON.parse(wrongMethod.text).errorType, 'bad_data');
});

serve('what is no request is said in JSON too', async () => {
  const { http } = shared;
  const badPath = await get(`${http}/api/v1/label/%ff/values`);
  assert.is(badPath.code, 400);
  assert.is(JSON.parse(badPath.text).errorType, 'bad_data');
  const { hostname, port } = new URL(http);
  const socket = connect(Number(port), hostname);
  socket.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const [head, body] = (await text(socket)).split('\r\n\r\n');
  assert.match(head!, /^HTTP\/1\.1 400 /);
  assert.match(JSON.parse(body!).error, /gRPC has a port of its own/);
});

serve('pages of other sites are kept out', async () => {
  const { http } = shared;
  const url = `${http}/api/v1/status/storage`;
  assert.is(await rawGet(url, { host: 'evil.test' }), 403);
  assert.is(await rawGet(url, { origin: 'https://evil.test' }), 403);
  assert.is(await rawGet(url, { host: 'localhost' }), 200);
  assert.is(await rawGet(url, { origin: http }), 200);
});

withServer(
  'a page of an allowed origin may read, also after a preflight',
  [...QUIET, '--set', 'http.cors_origins=["https://grafana.test"]'],
  async ({ http }) => {
    const headers = { origin: 'https://grafana.test' };
    const answer = await get(`${http}/api/v1/status/storage`, { headers });
    assert.is(answer.headers.get('access-control-allow-origin'), 'https://grafana.test');
    const preflight = await get(`${http}/api/v1/query`, { method: 'OPTIONS', headers });
    assert.is(preflight.code, 204);
    assert.match(preflight.headers.get('access-control-allow-methods')!, /POST/);
  },
);

withServer(
  'the page needs nothing from elsewhere, and may ask for nothing',
  QUIET,
  async ({ http }) => {
    const page = await get(`${http}/`);
    assert.is(page.code, 200);
    assert.match(page.headers.get('content-security-policy')!, /default-src 'none'/);
    const parts = [...page.text.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(
      ([, path]) => path,
    );
    assert.ok(parts.length >= 2);
    for (const path of [...parts, '/page/plot.js']) {
      const part = await get(`${http}${path}`);
      assert.is(part.code, 200);
      assert.not.match(part.text.replace('http://www.w3.org/2000/svg', ''), /https?:\/\//);
    }
    assert.not.match(page.text, /https?:\/\/|<script>|style="|onclick/);
  },
);

withServer(
  'the administrator flushes, compacts and sees what is stored',
  QUIET,
  async ({ http }) => {
    for (const action of ['flush', 'compact']) {
      const { code } = await get(`${http}/api/v1/admin/${action}`, { method: 'POST' });
      assert.is(code, 200);
    }
    const { data } = JSON.parse((await get(`${http}/api/v1/status/storage`)).text);
    assert.equal(
      data.policies.map(({ name }: { name: string }) => name),
      ['debug', 'default'],
    );
    const config = JSON.parse((await get(`${http}/api/v1/status/config`)).text);
    assert.match(config.data.yaml, /self_monitoring: false/);
  },
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  serve(`${signal} answers the writes that were taken, then ends with 0`, async () => {
    const varve = await serveVarve(...QUIET);
    const { client, stream } = openStream(varve.grpc);
    const acked: bigint[] = [];
    const ended = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
    const answered = new Promise<void>((resolve) => {
      stream.on('data', ({ sequence }: WriteResponse) => {
        acked.push(sequence);
        if (sequence === 3n) resolve();
      });
    });
    for (const sequence of [1n, 2n, 3n]) stream.write(onePoint(sequence));
    await answered;
    const { code, stdout } = await varve.stop(signal);
    assert.is((await ended).code, GRPC_STATUS.UNAVAILABLE);
    client.close();
    assert.equal(acked, [1n, 2n, 3n]);
    assert.is(code, 0);
    assert.match(stdout, /^varve ready grpc=127\.0\.0\.1:\d+ http=127\.0\.0\.1:\d+ data=\S+\n$/);
  });
}

serve('a second signal does not wait', async () => {
  const varve = await serveVarve(...QUIET);
  const { hostname, port } = new URL(varve.http);
  // A request whose body never comes holds the first shutdown up.
  const slow = connect(Number(port), hostname);
  slow.on('error', () => {});
  slow.write('POST /api/v1/admin/flush HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n');
  slow.write('content-type: application/json\r\n\r\n{');
  await get(`${varve.http}/-/ready`);
  varve.child.kill('SIGTERM');
  await varve.logged(/stopping/);
  const { code, stderr } = await varve.stop('SIGTERM');
  slow.destroy();
  assert.is(code, 1);
  assert.match(stderr, /forced/);
});

serve('a reload takes what it can, names what waits, and refuses mistakes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'varve-reload-'));
  const file = join(dir, 'varve.yaml');
  const policies = (keep: string) =>
    `retention: {policies: [{name: all, match: '{}', keep: ${keep}}]}\n`;
  writeFileSync(file, policies('1d'));
  const varve = await serveVarve('--config', file, ...QUIET);
  try {
    const keep = async () => {
      const { data } = JSON.parse((await get(`${varve.http}/api/v1/status/storage`)).text);
      return data.policies[0].keepMs / 3_600_000;
    };
    assert.is(await keep(), 24);

    writeFileSync(file, `${policies('2d')}query: {timeout: 5s}\n`);
    varve.child.kill('SIGHUP');
    await varve.logged(/"key":"retention\.policies".*reload: changed/);
    await varve.logged(/"key":"query\.timeout".*takes effect after a restart/);
    assert.is(await keep(), 48);

    writeFileSync(file, policies('soon'));
    varve.child.kill('SIGHUP');
    await varve.logged(/varve\.yaml:1: retention\.policies\[0\]\.keep.*reload refused/);
    const refused = await get(`${varve.http}/-/reload`, { method: 'POST' });
    assert.is(refused.code, 500);
    assert.match(JSON.parse(refused.text).error, /varve\.yaml:1: .*expected a duration/);
    assert.is(await keep(), 48);

    writeFileSync(file, policies('3d'));
    assert.is((await get(`${varve.http}/-/reload`, { method: 'POST' })).code, 200);
    assert.is(await keep(), 72);
  } finally {
    await varve.stop();
    rmSync(dir, { recursive: true });
  }
});

serve.run();
