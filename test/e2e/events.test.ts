// Log events through the real program: written over gRPC, found over HTTP and gRPC, counted by
// PromQL, sent again, and there after a kill and a restart.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { connect, type WriteInit } from '../support/client.ts';
import { suite } from '../support/suite.ts';
import { QUIET, runVarve, startServer, type VarveProcess } from '../support/varve-process.ts';

const events = suite('e2e/events');

const STREAMS = 5;
const EVENTS = 400;
const LEVELS = ['info', 'error'];

const dir = mkdtempSync(join(tmpdir(), 'varve-events-'));
let server: VarveProcess;
const startNs = BigInt(Date.now() - 60_000) * 1_000_000n;

function batch(stream: number): WriteInit {
  return {
    events: [
      {
        labels: [
          { name: 'level', value: LEVELS[stream % 2]! },
          { name: 'stream', value: `s${stream}` },
        ],
        events: Array.from({ length: EVENTS }, (_, i) => ({
          timestampNs: startNs + BigInt(i * 100_000 + stream),
          body: Buffer.from(`GET /item/${i} took ${i % 90} ms`),
          attributes: i % 10 === 0 ? [{ name: 'trace', value: `t${i}` }] : [],
        })),
      },
    ],
  };
}

async function writeAll(): Promise<void> {
  const client = connect(server.grpc);
  for (let stream = 0; stream < STREAMS; stream++) {
    assert.is((await client.write(batch(stream))).accepted, BigInt(EVENTS));
  }
  client.close();
}

async function ask<Result>(path: string, parameters: Record<string, string>): Promise<Result> {
  const response = await fetch(`${server.http}${path}?${new URLSearchParams(parameters)}`);
  assert.is(response.status, 200, await response.clone().text());
  const { data } = (await response.json()) as { data: { result: never } };
  return data.result;
}

type Found = { values: [ns: string, body: string, attributes?: object][] }[];
type Counts = { metric: { level: string }; value: [timeS: number, value: string] }[];

async function check(): Promise<void> {
  const found = await ask<Found>('/api/v1/events', {
    query: '{stream="s3"} |= "/item/39" != "/item/399"',
    limit: '3',
  });
  assert.equal(
    found[0]!.values.map(([, body]) => body),
    [398, 397, 396].map((i) => `GET /item/${i} took ${i % 90} ms`),
  );
  const oldest = await ask<Found>('/api/v1/events', {
    query: '{stream="s3"}',
    direction: 'forward',
    limit: '1',
  });
  assert.equal(oldest[0]!.values, [
    [String(startNs + 3n), 'GET /item/0 took 0 ms', { trace: 't0' }],
  ]);
  const counts = await ask<Counts>('/api/v1/query', {
    query: 'sort(sum by (level) (count_over_time({stream=~"s.*"}[10m])))',
  });
  assert.equal(
    counts.map(({ metric, value }) => [metric.level, value[1]]),
    [
      ['error', String(2 * EVENTS)],
      ['info', String(3 * EVENTS)],
    ],
  );
  const client = connect(server.grpc);
  const startMs = startNs / 1_000_000n;
  const request = { selectors: ['{stream=~"s.*"}'], startMs, endMs: startMs + 60_000n };
  const responses = await client.scanRange(request);
  client.close();
  assert.is(
    responses.reduce((sum, { columns }) => sum + (columns?.refs.length ?? 0), 0),
    0,
  );
  const scanned = responses.flatMap((response) => response.events);
  const first = scanned.find(({ labels }) => labels.some(({ value }) => value === 's3'))!;
  assert.equal(
    first.events.map(({ timestampNs }) => timestampNs),
    batch(3).events![0]!.events!.map(({ timestampNs }) => timestampNs),
  );
  assert.is(
    scanned.reduce((sum, stream) => sum + stream.events.length, 0),
    STREAMS * EVENTS,
  );
}

events('are there once, found and counted, whatever happens in between', async () => {
  server = await startServer(dir, ...QUIET);
  await writeAll();
  await check();
  await writeAll();
  await check();
  await server.stop('SIGKILL');
  server = await startServer(dir, ...QUIET);
  await check();
  await server.stop();
  server = await startServer(dir, ...QUIET);
  await check();
  await writeAll();
  await check();
  assert.is((await server.stop()).code, 0);
  const { code, stdout } = await runVarve('inspect', dir, '--verify');
  assert.is(code, 0, stdout);
});

events.after(async () => {
  await server.stop('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

events.run();
