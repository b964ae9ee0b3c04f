import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import * as assert from 'uvu/assert';
import { ExportLogsServiceRequestSchema } from '../../../proto/index.ts';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { scanLines } from '../../support/events.ts';
import { NOW_MS } from '../../support/ingest-server.ts';
import { toKeyValues } from '../../support/otlp.ts';
import { suite } from '../../support/suite.ts';

const service = suite<{ server: DoorServer }>('ingest/otlp/logs-service');

service.before.each(async (context) => {
  context.server = await startDoorServer({ limits: { eventBytes: 1000 } });
});

service.after.each(async ({ server }) => {
  assert.equal(server.bugs, []);
  await server.close();
});

const NOW_NS = `${NOW_MS}000000`;

async function post({ http }: DoorServer, body: string | Uint8Array, type = 'application/json') {
  const response = await fetch(`${http}/v1/logs`, {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  });
  return { status: response.status, body: await response.json().catch(() => undefined) };
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

const REQUEST = {
  resourceLogs: [
    {
      resource: { attributes: [text('service.name', 'shop'), text('host.name', 'h1')] },
      scopeLogs: [
        {
          scope: { name: 'checkout' },
          logRecords: [
            {
              timeUnixNano: `${NOW_MS}000007`,
              severityNumber: 10,
              severityText: 'INFO2',
              body: { stringValue: 'paid' },
              attributes: [text('user.id', 'u1'), text('empty', '')],
              traceId: '0102030405060708090a0b0c0d0e0f10',
            },
            {
              observedTimeUnixNano: NOW_NS,
              severityText: 'Oops',
              body: {
                kvlistValue: { values: [text('b', 'x'), { key: 'a', value: { intValue: '1' } }] },
              },
            },
            { body: { stringValue: 'timeless' } },
          ],
        },
      ],
    },
  ],
};

const base = '{"name":"host_name","value":"h1"}';
const stream = (level: string) => {
  const ofLevel = level && `{"name":"level","value":"${level}"},`;
  return `[${base},${ofLevel}{"name":"service_name","value":"shop"}]`;
};

const EXPECTED = [
  `[${stream('info')},${NOW_MS},7,"paid",[{"name":"scope_name","value":"checkout"},` +
    `{"name":"severity_text","value":"INFO2"},` +
    `{"name":"trace_id","value":"0102030405060708090a0b0c0d0e0f10"},` +
    `{"name":"user.id","value":"u1"}]]`,
  `[${stream('oops')},${NOW_MS},0,${JSON.stringify('{"a":1,"b":"x"}')},` +
    `[{"name":"scope_name","value":"checkout"},{"name":"severity_text","value":"Oops"}]]`,
  `[${stream('')},${NOW_MS},0,"timeless",[{"name":"scope_name","value":"checkout"}]]`,
].sort();

service('records become events of streams of their resource and severity', async ({ server }) => {
  const json = JSON.stringify(REQUEST);
  assert.equal(await post(server, json), { status: 200, body: {} });
  assert.equal((await scanLines(server.storage)).sort(), EXPECTED);
  assert.equal(await post(server, json), { status: 200, body: {} });
  assert.equal((await scanLines(server.storage)).sort(), EXPECTED);
  const metrics = await server.registry.metrics();
  assert.match(metrics, /varve_ingest_batches_total\{method="otlp_logs_http"\} 2/);
});

service('the config says what becomes a label, and the rest is kept', async ({ server }) => {
  server.service.setOtlp({ streamLabels: ['service.name', 'user.id'] });
  const [logs] = REQUEST.resourceLogs;
  const [record] = logs!.scopeLogs[0]!.logRecords;
  const { traceId: _, ...untraced } = record!;
  const one = { resourceLogs: [{ ...logs, scopeLogs: [{ logRecords: [untraced] }] }] };
  assert.is((await post(server, JSON.stringify(one))).status, 200);
  const labels = '[{"name":"service_name","value":"shop"},{"name":"user_id","value":"u1"}]';
  const kept = '[{"name":"host.name","value":"h1"},{"name":"severity_text","value":"INFO2"}]';
  assert.equal(await scanLines(server.storage), [`[${labels},${NOW_MS},7,"paid",${kept}]`]);
});

function encodedRecords(count: number, body = (i: number) => `line ${i}`): Uint8Array {
  const logRecords = Array.from({ length: count }, (_, i) => ({
    timeUnixNano: BigInt(NOW_NS),
    body: { value: { case: 'stringValue', value: body(i) } } as const,
    attributes: toKeyValues({ request: `r${i}` }),
  }));
  const resource = { attributes: toKeyValues({ 'service.name': 'shop' }) };
  const message = { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] };
  return toBinary(ExportLogsServiceRequestSchema, create(ExportLogsServiceRequestSchema, message));
}

service(
  'a label that is different every time begins no more streams than allowed',
  async (context) => {
    const { server } = context;
    server.service.setOtlp({ streamLabels: ['service.name', 'request'], streamsMax: 10 });
    const answer = await fetch(`${server.http}/v1/logs`, {
      method: 'POST',
      body: gzipSync(encodedRecords(25)),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    });
    assert.is(answer.status, 200);
    assert.is((await scanLines(server.storage)).length, 10);
    const body = Buffer.from(await answer.arrayBuffer()).toString();
    assert.match(body, /new stream of events past the limit \(ingest\.events\.max_streams\)/);
    await post(server, encodedRecords(25), 'application/x-protobuf');
    assert.is((await scanLines(server.storage)).length, 10);
  },
);

service('streams that were there before count towards the limit', async ({ server }) => {
  const before = Array.from({ length: 9 }, (_, i) => [{ name: 'old', value: `stream ${i}` }]);
  const points = [{ name: '__name__', value: 'up' }];
  const ids = await server.storage.resolve([...before, points]);
  assert.is(ids.length, 10);
  server.service.setOtlp({ streamLabels: ['service.name', 'request'], streamsMax: 10 });
  await post(server, encodedRecords(3), 'application/x-protobuf');
  assert.is((await scanLines(server.storage)).length, 1);
});

service('records that are too long are told of, and the others stored', async ({ server }) => {
  const long = JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', 'shop')] },
        scopeLogs: [
          {
            logRecords: [
              { timeUnixNano: NOW_NS, body: { stringValue: 'x'.repeat(1001) } },
              { timeUnixNano: NOW_NS, body: { stringValue: 'short' } },
            ],
          },
        ],
      },
    ],
  });
  const { status, body } = await post(server, long);
  assert.is(status, 200);
  assert.equal(body, {
    partialSuccess: {
      rejectedLogRecords: '1',
      errorMessage: 'event over 1000 bytes with attributes (ingest.limits.event_bytes)',
    },
  });
  assert.is((await scanLines(server.storage)).length, 1);
});

for (const [what, body] of Object.entries({
  'no JSON': '{',
  'another type': '{"resourceLogs":7}',
})) {
  service(`${what} is a bad request`, async ({ server }) => {
    assert.is((await post(server, body)).status, 400);
    assert.equal(await scanLines(server.storage), []);
  });
}

service('bytes that are no request are a bad request', async ({ server }) => {
  const { status } = await post(server, Buffer.from([0x0a, 0x05, 0x01]), 'application/x-protobuf');
  assert.is(status, 400);
});

service.run();
