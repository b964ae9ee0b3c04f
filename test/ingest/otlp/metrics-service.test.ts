import { gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import {
  AggregationTemporality,
  ExportMetricsServiceResponseSchema,
  RpcStatusSchema,
  retryDelayMsOf,
} from '../../../proto/index.ts';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { type IngestServer, NOW_MS, startIngestServer } from '../../support/ingest-server.ts';
import {
  connectMetrics,
  encodeMetrics,
  type MetricInit,
  type MetricsClient,
  nanos,
  requestOf,
  toKeyValues,
} from '../../support/otlp.ts';
import { suite } from '../../support/suite.ts';

interface Context {
  grpc: IngestServer;
  client: MetricsClient;
  http: DoorServer;
}

const service = suite<Context>('ingest/otlp/metrics-service');

service.before.each(async (context) => {
  context.grpc = await startIngestServer({ limits: { pointsPerSecond: 1000 } });
  context.client = connectMetrics(context.grpc.address);
  context.http = await startDoorServer({ limits: { messageBytes: 20_000 } });
});

service.after.each(async ({ grpc, client, http }) => {
  client.close();
  assert.equal([...grpc.bugs, ...http.bugs], []);
  await Promise.all([grpc.close(), http.close()]);
});

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

function gauge(timestampMs: number, value = 1): MetricInit {
  const point = { timeUnixNano: nanos(timestampMs), value: { case: 'asDouble', value } as const };
  return { name: 'g', data: { case: 'gauge', value: { dataPoints: [point] } } };
}

function delta(timestampMs: number, change: bigint): MetricInit {
  const point = {
    timeUnixNano: nanos(timestampMs),
    value: { case: 'asInt', value: change } as const,
  };
  const aggregationTemporality = AggregationTemporality.DELTA;
  const value = { aggregationTemporality, isMonotonic: true, dataPoints: [point] };
  return { name: 'c', data: { case: 'sum', value } };
}

function post(
  { http }: DoorServer,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headersSent = { 'content-type': PROTOBUF, ...headers };
  return fetch(`${http}/v1/metrics`, { method: 'POST', body, headers: headersSent });
}

/** [timestamp, value] of a series by its name alone. */
function stored({ storage }: Pick<DoorServer, 'storage'>, name: string): [number, number][] {
  const points = storage.contents().get(JSON.stringify([{ name: '__name__', value: name }])) ?? [];
  return points.map(([t, bits]) => [t, new Float64Array(BigUint64Array.of(bits).buffer)[0]!]);
}

service('stores over gRPC, and says nothing of success', async ({ grpc, client }) => {
  const answer = await client.export(encodeMetrics(requestOf([gauge(NOW_MS, 2.5)])));
  assert.is(answer.partialSuccess, undefined);
  assert.equal(stored(grpc, 'g'), [[NOW_MS, 2.5]]);
  assert.is((await client.export(Buffer.alloc(0))).partialSuccess, undefined);
});

service('tells how many data points were rejected, and why', async ({ grpc, client }) => {
  const counts = { count: 3n, bucketCounts: [1n, 2n], explicitBounds: [1] };
  const dataPoints = [{ timeUnixNano: nanos(NOW_MS + 7_200_000), ...counts }];
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const late: MetricInit = {
    name: 'h',
    data: { case: 'histogram', value: { aggregationTemporality, dataPoints } },
  };
  const request = requestOf([late, gauge(NOW_MS), { ...gauge(NOW_MS), name: '' }]);
  const { partialSuccess } = await client.export(encodeMetrics(request));
  assert.ok(partialSuccess);
  assert.is(partialSuccess.rejectedDataPoints, 2n);
  assert.match(partialSuccess.errorMessage, /ms in the future \(ingest\.max_future\); name of/);
  assert.is(stored(grpc, 'g').length, 1);
  const metrics = await grpc.registry.metrics();
  const reason = 'method="otlp_metrics_grpc",reason="too_far_in_future"';
  assert.match(metrics, new RegExp(`rejected_points_total\\{${reason}\\} 3$`, 'm'));
});

service('adds up deltas, whatever is repeated or late', async ({ grpc, client }) => {
  const send = async (timestampMs: number, change: bigint) => {
    const answer = await client.export(encodeMetrics(requestOf([delta(timestampMs, change)])));
    return answer.partialSuccess?.errorMessage ?? 'stored';
  };
  assert.is(await send(NOW_MS, 3n), 'stored');
  assert.is(await send(NOW_MS + 1000, 4n), 'stored');
  assert.is(await send(NOW_MS + 1000, 4n), 'stored');
  assert.match(await send(NOW_MS, 3n), /older than one of its series/);
  assert.match(await send(NOW_MS + 86_400_000, 3n), /in the future/);
  assert.is(await send(NOW_MS + 2000, 5n), 'stored');
  assert.equal(stored(grpc, 'c_total'), [
    [NOW_MS, 3],
    [NOW_MS + 1000, 7],
    [NOW_MS + 2000, 12],
  ]);
});

service('says when to come again to those who are too fast', async ({ client }) => {
  const dataPoints = Array.from({ length: 5000 }, (_, i) => ({
    timeUnixNano: nanos(NOW_MS),
    attributes: toKeyValues({ i: BigInt(i) }),
    value: { case: 'asDouble', value: i } as const,
  }));
  const many: MetricInit = { name: 'm', data: { case: 'gauge', value: { dataPoints } } };
  await client.export(encodeMetrics(requestOf([many])));
  const error = await refusal(client.export(encodeMetrics(requestOf([gauge(NOW_MS)]))));
  assert.is(error.code, status.RESOURCE_EXHAUSTED);
  assert.ok(retryDelayMsOf(error.metadata)! > 0);
});

service('refuses what is no message, and stores nothing of it', async ({ grpc, client, http }) => {
  const [good] = [encodeMetrics(requestOf([gauge(NOW_MS)]))];
  const broken = Buffer.concat([good, Buffer.from([0x0a, 0x7f])]);
  const error = await refusal(client.export(broken));
  assert.is(error.code, status.INVALID_ARGUMENT);
  assert.is(retryDelayMsOf(error.metadata), undefined);
  assert.equal(stored(grpc, 'g'), []);

  const binary = await post(http, broken);
  assert.is(binary.status, 400);
  assert.is(binary.headers.get('content-type'), PROTOBUF);
  const told = fromBinary(RpcStatusSchema, new Uint8Array(await binary.arrayBuffer()));
  assert.is(told.code, status.INVALID_ARGUMENT);
  assert.match(told.message, /runs past its message/);
  const text = await post(http, '{"resourceMetrics": 7}', { 'content-type': JSON_TYPE });
  assert.is(text.status, 400);
  assert.is(text.headers.get('content-type'), JSON_TYPE);
  assert.match(((await text.json()) as { message: string }).message, /resource_metrics/);
});

service('stores over HTTP in protobuf, gzip or not, and answers in kind', async ({ http }) => {
  for (const [i, encoding] of ['identity', 'gzip'].entries()) {
    const body = encodeMetrics(requestOf([gauge(NOW_MS + i, i)]));
    const sent = encoding === 'gzip' ? gzipSync(body) : body;
    const answer = await post(http, sent, { 'content-encoding': encoding });
    assert.is(answer.status, 200);
    assert.is(answer.headers.get('content-type'), PROTOBUF);
    const response = new Uint8Array(await answer.arrayBuffer());
    assert.is(fromBinary(ExportMetricsServiceResponseSchema, response).partialSuccess, undefined);
  }
  assert.equal(stored(http, 'g'), [
    [NOW_MS, 0],
    [NOW_MS + 1, 1],
  ]);
});

service('reads the JSON of the protocol, numbers as strings or not', async ({ http }) => {
  const document = {
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'ignored', value: { intValue: '7' } }] },
        scopeMetrics: [
          {
            futureField: [{}],
            metrics: [
              {
                name: 'n',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: false,
                  dataPoints: [
                    { timeUnixNano: `${NOW_MS}000000`, asInt: '9007199254740993' },
                    { timeUnixNano: (NOW_MS + 256) * 1e6, asInt: 8 },
                    {
                      timeUnixNano: `${NOW_MS + 512}000000`,
                      asDouble: 'Infinity',
                      exemplars: [{ traceId: '5B8EFFF798038103D269B633813FC60C', asInt: 1 }],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  };
  const type = { 'content-type': `${JSON_TYPE}; charset=utf-8` };
  const answer = await post(http, JSON.stringify(document), type);
  assert.equal([answer.status, await answer.text()], [200, '{}']);
  assert.equal(stored(http, 'n'), [
    [NOW_MS, 9007199254740992],
    [NOW_MS + 256, 8],
    [NOW_MS + 512, Number.POSITIVE_INFINITY],
  ]);
  const rejected = JSON.stringify(document).replace('"name":"n"', '"name":""');
  assert.equal(await (await post(http, rejected, type)).json(), {
    partialSuccess: {
      rejectedDataPoints: '3',
      errorMessage:
        'name of a metric or attribute of which nothing is left (ingest.otlp.translation)',
    },
  });
});

service(
  'refuses what is too large or of another kind with a status of its own',
  async ({ http }) => {
    const refused = async (...request: Parameters<typeof post>) => {
      const answer = await post(...request);
      await answer.arrayBuffer();
      return answer.status;
    };
    assert.is(await refused(http, new Uint8Array(20_001)), 413);
    assert.is(
      await refused(http, gzipSync(new Uint8Array(20_001)), { 'content-encoding': 'gzip' }),
      413,
    );
    assert.is(await refused(http, '{}', { 'content-type': 'text/plain' }), 415);
    assert.is(await refused(http, 'x', { 'content-encoding': 'br' }), 415);
    assert.is(await refused(http, 'x', { 'content-encoding': 'gzip' }), 400);
  },
);

service('takes new settings from the next request on', async ({ http }) => {
  const body = encodeMetrics(requestOf([{ ...gauge(NOW_MS), name: 'a.b' }]));
  await post(http, body);
  http.service.setOtlp({ translation: 'no_translation' });
  await post(http, body);
  assert.equal(stored(http, 'a_b'), [[NOW_MS, 1]]);
  assert.equal(stored(http, 'a.b'), [[NOW_MS, 1]]);
});

service('a flood of empty messages is bounded', async () => {
  const limited = await startDoorServer({ limits: { entries: 10_000 } });
  const flood = (entries: number) =>
    post(limited, Buffer.alloc(entries * 2, Buffer.from([0x0a, 0])));
  try {
    assert.is((await flood(10_001)).status, 413);
    assert.is((await flood(10_000)).status, 200);
  } finally {
    await limited.close();
  }
});

async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('was not refused');
}

service.run();
