import { compressSync } from 'snappy';
import * as assert from 'uvu/assert';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { NOW_MS } from '../../support/ingest-server.ts';
import {
  encodeV1,
  encodeV2,
  postWrite,
  type TestSeries,
  toV1,
  toV2,
  V2_TYPE,
} from '../../support/remote-write.ts';
import { suite } from '../../support/suite.ts';
import { toLabels } from '../../support/write-requests.ts';

const remoteWrite = suite<{ server: DoorServer }>('ingest/http/remote-write');

remoteWrite.before.each(async (context) => {
  context.server = await startDoorServer();
});

remoteWrite.after.each(async ({ server }) => {
  assert.equal(server.bugs, []);
  await server.close();
});

const SERIES: readonly TestSeries[] = [
  {
    labels: { __name__: 'up', instance: 'a:9100', job: 'node' },
    samples: [
      [NOW_MS, 1],
      [NOW_MS - 15_000, 0],
      [-1, 4.5],
    ],
  },
  { labels: { __name__: 'load', instance: 'a:9100' }, samples: [[NOW_MS, -0]] },
];
const V2 = { 'content-type': V2_TYPE };

const VERSIONS = [
  { version: '1.0', encode: () => encodeV1(toV1(SERIES)), headers: {} },
  {
    version: '1.0, said in the content type',
    encode: () => encodeV1(toV1(SERIES)),
    headers: { 'content-type': 'application/x-protobuf; proto="prometheus.WriteRequest"' },
  },
  { version: '2.0', encode: () => encodeV2(toV2(SERIES)), headers: V2 },
];

for (const { version, encode, headers } of VERSIONS) {
  remoteWrite(`stores what ${version} sends, once however often it is sent`, async ({ server }) => {
    for (let time = 0; time < 2; time++) {
      const answer = await postWrite(server.http, encode(), headers);
      assert.is(answer.status, 400);
      assert.is(
        await answer.text(),
        "1 rejected, 3 stored; 1: timestamp older than its policy's keep (retention.policies)\n",
      );
    }
    const up = server.storage.contents().get(JSON.stringify(toLabels(SERIES[0]!.labels)));
    assert.equal(up, [
      [NOW_MS - 15_000, 0n],
      [NOW_MS, 0x3ff0000000000000n],
    ]);
    const load = server.storage.contents().get(JSON.stringify(toLabels(SERIES[1]!.labels)));
    assert.equal(load, [[NOW_MS, 0x8000000000000000n]]);
  });
}

remoteWrite('both versions mean the same series', async ({ server }) => {
  const [, load] = SERIES;
  await postWrite(server.http, encodeV1(toV1([load!])));
  await postWrite(server.http, encodeV2(toV2([load!])), V2);
  assert.is(server.storage.seriesCount, 1);
});

remoteWrite('2.0 hears how much was written', async ({ server }) => {
  const written = async (request: Parameters<typeof encodeV2>[0]) => {
    const { status, headers } = await postWrite(server.http, encodeV2(request), V2);
    const counts = ['samples', 'histograms', 'exemplars'].map((what) =>
      headers.get(`x-prometheus-remote-write-${what}-written`),
    );
    return [status, ...counts];
  };
  const complete = toV2([SERIES[1]!]);
  assert.equal(await written(complete), [204, '1', '0', '0']);
  const [series] = complete.timeseries;
  const beside = { ...series, histograms: [new Uint8Array()], exemplars: [new Uint8Array()] };
  assert.equal(await written({ ...complete, timeseries: [beside] }), [400, '1', '0', '0']);
  assert.equal(await written({ symbols: [''] }), [204, '0', '0', '0']);
});

remoteWrite('1.0 gives up on samples for a histogram, not for an exemplar', async ({ server }) => {
  const { timeseries } = toV1([SERIES[1]!]);
  const beside = (more: object) => encodeV1({ timeseries: [{ ...timeseries[0], ...more }] });
  const exemplar = await postWrite(server.http, beside({ exemplars: [new Uint8Array()] }));
  assert.is(exemplar.status, 204);
  const histogram = await postWrite(server.http, beside({ histograms: [new Uint8Array()] }));
  assert.is(histogram.status, 400);
  assert.match(await histogram.text(), /1 stored; 1: native histograms are not stored/);
  const metrics = await server.registry.metrics();
  assert.match(metrics, /rejected_points_total\{method="remote_write",reason="exemplar"\} 1$/m);
});

remoteWrite('keeps the stale marker bit for bit', async ({ server }) => {
  const marker = Buffer.from('020000000000f07f', 'hex');
  const one = Buffer.from('000000000000f03f', 'hex');
  for (const { encode, headers } of VERSIONS) {
    const message = encode();
    marker.copy(message, message.indexOf(one));
    await postWrite(server.http, message, headers);
    const points = server.storage.contents().get(JSON.stringify(toLabels(SERIES[0]!.labels)));
    assert.equal(points?.at(-1), [NOW_MS, 0x7ff0000000000002n]);
    await postWrite(server.http, encode(), headers);
  }
});

remoteWrite('one bad series costs nobody else', async ({ server }) => {
  const bad: readonly TestSeries[] = [
    { labels: {}, samples: [[NOW_MS, 1]] },
    { labels: { '': 'x' }, samples: [[NOW_MS, 1]] },
    { labels: { a: 'x'.repeat(4097) }, samples: [[NOW_MS, 1]] },
    { labels: { a: 'b' }, samples: [[NOW_MS + 7_200_000, 1]] },
  ];
  for (const [message, headers] of [
    [encodeV1(toV1([...bad, SERIES[1]!])), {}],
    [encodeV2(toV2([...bad, SERIES[1]!])), V2],
  ] as const) {
    const answer = await postWrite(server.http, message, headers);
    assert.is(answer.status, 400);
    const text = await answer.text();
    assert.match(text, /^4 rejected, 1 stored; /);
    assert.match(text, /1: label value over 4096 bytes \(ingest.limits.label_value_bytes\)/);
  }
});

remoteWrite('metadata of 1.0 is known by family', async ({ server }) => {
  const metadata = [
    { type: 1, metricFamilyName: 'requests', help: 'Requests so far.', unit: '' },
    { type: 3, metricFamilyName: 'latency', help: '', unit: 'seconds' },
    { type: 99, metricFamilyName: 'odd', help: 'x'.repeat(5000), unit: '' },
    { type: 1, metricFamilyName: '', help: 'nobody', unit: '' },
  ];
  assert.is((await postWrite(server.http, encodeV1({ metadata }))).status, 204);
  assert.equal(
    [...server.metadata.entries()],
    [
      ['requests', [{ type: 'counter', help: 'Requests so far.', unit: '' }]],
      ['latency', [{ type: 'histogram', help: '', unit: 'seconds' }]],
      ['odd', [{ type: 'unknown', help: '', unit: '' }]],
    ],
  );
});

remoteWrite('metadata of 2.0 comes with the series', async ({ server }) => {
  const symbols = ['', '__name__', 'latency_bucket', 'le', '1', '2', 'How long.', 'seconds'];
  const samples = [{ timestamp: BigInt(NOW_MS), value: 1 }];
  const metadata = { type: 3, helpRef: 6, unitRef: 7 };
  const timeseries = [4, 5].map((le) => ({ labelsRefs: [1, 2, 3, le], samples, metadata }));
  const answer = await postWrite(server.http, encodeV2({ symbols, timeseries }), V2);
  assert.is(answer.status, 204);
  const told = [{ type: 'histogram', help: 'How long.', unit: 'seconds' }];
  assert.equal([...server.metadata.entries()], [['latency', told]]);
});

const REFUSED: readonly (readonly [
  what: string,
  status: number,
  says: RegExp,
  () => RequestInit,
])[] = [
  [
    'another media type',
    415,
    /takes application\/x-protobuf, not "text\/plain"/,
    () => ({ headers: { 'content-type': 'text/plain' } }),
  ],
  [
    'another message',
    415,
    /not "io.prometheus.write.v3.Request"/,
    () => ({
      headers: { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request' },
    }),
  ],
  [
    'another coding',
    415,
    /cannot undo Content-Encoding "br"/,
    () => ({ headers: { 'content-encoding': 'br' } }),
  ],
  ['bytes that are not snappy', 400, /snappy body/, () => ({ body: Buffer.alloc(20, 0xff) })],
  ['a message that is none', 400, /malformed/, () => ({ body: compressSync(Buffer.from('{}')) })],
  [
    'a block that claims to be huge',
    413,
    /larger than the 33554432 bytes of ingest.limits.message/,
    () => ({ body: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]) }),
  ],
  [
    'a body over the limit',
    413,
    /ingest.limits.message/,
    () => ({ body: Buffer.alloc(2 ** 25 + 1) }),
  ],
  [
    'a reference to a symbol that is not there',
    400,
    /reference to symbol 9 of 1/,
    () => ({
      headers: { 'content-type': V2_TYPE },
      body: compressSync(encodeV2({ symbols: [''], timeseries: [{ labelsRefs: [0, 9] }] })),
    }),
  ],
  [
    'references that are no pairs',
    400,
    /1 label references are no pairs/,
    () => ({
      headers: { 'content-type': V2_TYPE },
      body: compressSync(encodeV2({ symbols: [''], timeseries: [{ labelsRefs: [0] }] })),
    }),
  ],
  [
    'labels that unfold to far more than was sent',
    413,
    /unfold to more than/,
    () => {
      const labelsRefs = Array.from({ length: 10_000 }, () => 1);
      const symbols = ['', 'x'.repeat(20_000)];
      const body = compressSync(encodeV2({ symbols, timeseries: [{ labelsRefs }] }));
      return { headers: { 'content-type': V2_TYPE }, body };
    },
  ],
];

for (const [what, status, says, request] of REFUSED) {
  remoteWrite(`refuses ${what} with ${status} and a line that says so`, async ({ server }) => {
    const { headers, body = compressSync(Buffer.alloc(0)) } = request();
    const answer = await fetch(`${server.http}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', ...headers },
      body,
    });
    assert.is(answer.status, status);
    const text = await answer.text();
    assert.match(text, says);
    assert.match(text, /^[^\n]+\n$/);
    assert.is(server.storage.contents().size, 0);
  });
}

remoteWrite.run();
