// Everything a client can get wrong, over real sockets: each case alone in a Write and behind a
// good batch in a WriteStream, while a bystander's stream on the same connection notices nothing.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { status } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { retryDelayMsOf } from '../../proto/index.ts';
import {
  connect,
  type IngestServer,
  NOW_MS,
  startIngestServer,
  type WriteCall,
  type WriteClient,
  type WriteRequestInit,
} from '../support/ingest-server.ts';
import {
  encodeColumns,
  encodeRequest,
  field,
  toColumns,
  toLabels,
} from '../support/write-requests.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEEP_MS = 30 * DAY_MS;
const MESSAGE_BYTES = 16 * 1024 * 1024;
const LIMITS = {
  labelsPerSeries: 8,
  labelValueBytes: 100,
  maxPastMs: 40 * DAY_MS,
  maxFutureMs: HOUR_MS,
  messageBytes: MESSAGE_BYTES,
  entries: 50,
};
const TWO_53 = 2n ** 53n;

const refusals = suite<{
  server: IngestServer;
  client: WriteClient;
  neighbour: WriteClient;
  bystander: WriteCall;
}>('ingest/refusals');

refusals.before.each(async (context) => {
  context.server = await startIngestServer({ limits: LIMITS, messageBytes: MESSAGE_BYTES });
  context.client = connect(context.server.address);
  context.neighbour = connect(context.server.address);
  context.bystander = context.neighbour.writeStream();
  context.bystander.send({
    sequence: 1n,
    definitions: [{ ref: 5, labels: toLabels({ __name__: 'bystander' }) }],
    columns: toColumns([{ ref: 5, timestampMs: NOW_MS, value: 1 }]),
  });
  assert.is((await context.bystander.ack()).accepted, 1n);
});

refusals.after.each(async ({ server, client, neighbour, bystander }) => {
  bystander.send({
    sequence: 2n,
    columns: toColumns([{ ref: 5, timestampMs: NOW_MS + 1, value: 2 }]),
  });
  const ack = await bystander.ack();
  assert.equal([ack.sequence, ack.accepted], [2n, 1n]);
  const stored = server.storage.contents().get(JSON.stringify(toLabels({ __name__: 'bystander' })));
  assert.is(stored?.length, 2);
  assert.equal(server.bugs, []);
  bystander.stream.end();
  assert.is(await bystander.ended(), undefined);
  client.close();
  neighbour.close();
  await server.close();
});

/** One point of the series with these labels, and one good point beside it. */
function besideGood(labels: { name: string; value: string }[]) {
  const point = { timestampsMs: [BigInt(NOW_MS)], values: [1] };
  return {
    series: [
      { labels, ...point },
      { labels: toLabels({ good: 'yes' }), ...point },
    ],
  };
}

function atTimes(...timestampsMs: bigint[]): WriteRequestInit {
  const values = timestampsMs.map(() => 1);
  return { series: [{ labels: toLabels({ at: 'times' }), timestampsMs, values }] };
}

const REJECTED: [what: string, request: WriteRequestInit, reason: RegExp, accepted: number][] = [
  [
    'a duplicate label name',
    besideGood([...toLabels({ a: '1', b: '2' }), ...toLabels({ a: '3' })]),
    /given twice/,
    1,
  ],
  ['an empty label name', besideGood(toLabels({ '': 'x', b: 'y' })), /empty label name/, 1],
  ['no labels', besideGood([]), /without labels/, 1],
  ['labels that are all empty', besideGood(toLabels({ a: '', b: '' })), /without labels/, 1],
  [
    'too many labels',
    besideGood(toLabels(Object.fromEntries(Array.from('abcdefghi', (c) => [c, c])))),
    /more than 8 labels \(ingest\.limits\.labels_per_series\)/,
    1,
  ],
  [
    'a label value too long',
    besideGood(toLabels({ a: 'x'.repeat(101) })),
    /value over 100 bytes \(ingest\.limits\.label_value_bytes\)/,
    1,
  ],
  [
    'a label value of 10 MB',
    besideGood(toLabels({ a: 'x'.repeat(10_000_000) })),
    /value over 100 bytes/,
    1,
  ],
  [
    'a label name too long',
    besideGood(toLabels({ ['n'.repeat(101)]: 'x' })),
    /name over 100 bytes/,
    1,
  ],
  ['a timestamp beyond 2^53', atTimes(BigInt(NOW_MS), TWO_53 + 1n), /beyond \+-2\^53/, 1],
  ['a timestamp beyond -2^53', atTimes(BigInt(NOW_MS), -TWO_53 - 1n), /beyond \+-2\^53/, 1],
  ['the largest int64 as a timestamp', atTimes(2n ** 63n - 1n), /beyond \+-2\^53/, 0],
  [
    'a timestamp too far in the future',
    atTimes(BigInt(NOW_MS + HOUR_MS + 1), BigInt(NOW_MS + HOUR_MS)),
    /in the future \(ingest\.max_future\)/,
    1,
  ],
  [
    'a timestamp too old',
    atTimes(BigInt(NOW_MS - 40 * DAY_MS - 1), BigInt(NOW_MS)),
    /in the past \(ingest\.max_past\)/,
    1,
  ],
  [
    "a timestamp past its policy's keep",
    atTimes(BigInt(NOW_MS - KEEP_MS - 1), BigInt(NOW_MS - KEEP_MS)),
    /older than its policy's keep/,
    1,
  ],
  [
    'events',
    {
      ...besideGood(toLabels({ a: 'b' })),
      events: [{ labels: [], events: [{ body: Buffer.from('x') }] }],
    },
    /events are not stored/,
    2,
  ],
  [
    'a rejected definition',
    {
      definitions: [
        { ref: 0, labels: toLabels({ '': 'x' }) },
        { ref: 1, labels: toLabels({ good: 'yes' }) },
      ],
      columns: toColumns([
        { ref: 0, timestampMs: NOW_MS, value: 1 },
        { ref: 1, timestampMs: NOW_MS, value: 1 },
      ]),
    },
    /empty label name/,
    1,
  ],
];

for (const [what, request, reason, accepted] of REJECTED) {
  refusals(`counts ${what} and stores the rest`, async ({ client }) => {
    const call = client.writeStream();
    call.send(request);
    for (const answer of [await client.write(request), await call.ack()]) {
      assert.is(answer.accepted, BigInt(accepted));
      assert.is(answer.rejected, 1n);
      assert.is(answer.rejections.length, 1);
      assert.is(answer.rejections[0]!.count, 1n);
      assert.match(answer.rejections[0]!.reason, reason);
    }
    call.stream.end();
    assert.is(await call.ended(), undefined);
  });
}

const ragged = { refs: [1, 1], timestampsMs: [1n], values: [1] };
const define = { definitions: [{ ref: 1, labels: toLabels({ a: 'b' }) }] };
const bomb = compress(Buffer.alloc(200 * 1024 * 1024));
const REFUSED: [what: string, request: Buffer, code: status, message: RegExp][] = [
  [
    'ragged columns',
    encodeRequest({ ...define, columns: ragged }),
    status.INVALID_ARGUMENT,
    /ragged columns: 2 refs, 1 timestamps and 1 values/,
  ],
  [
    'an unknown ref',
    encodeRequest({
      ...define,
      columns: toColumns([
        { ref: 1, timestampMs: NOW_MS, value: 1 },
        { ref: 77, timestampMs: NOW_MS, value: 1 },
      ]),
    }),
    status.INVALID_ARGUMENT,
    /ref 77 has no definition/,
  ],
  [
    'an unknown ref above two billion',
    encodeRequest({
      ...define,
      columns: toColumns([{ ref: 4_000_000_000, timestampMs: NOW_MS, value: 1 }]),
    }),
    status.INVALID_ARGUMENT,
    /ref 4000000000 has no definition/,
  ],
  [
    'a label that is not UTF-8',
    field(
      2,
      Buffer.concat([
        field(1, field(2, Buffer.from([0xc3, 0x28]))),
        field(2, Buffer.alloc(8)),
        field(3, Buffer.alloc(8)),
      ]),
    ),
    status.INVALID_ARGUMENT,
    /not UTF-8/,
  ],
  [
    'bytes that are no message',
    Buffer.from('GET / HTTP/1.1'),
    status.INVALID_ARGUMENT,
    /malformed request/,
  ],
  [
    'a message cut short',
    encodeRequest(besideGood(toLabels({ a: 'b' }))).subarray(0, -3),
    status.INVALID_ARGUMENT,
    /malformed request/,
  ],
  [
    'a zstd bomb',
    encodeRequest({ columnsZstd: bomb }),
    status.RESOURCE_EXHAUSTED,
    /209715200 bytes, more than the 16777216 bytes of ingest\.limits\.message/,
  ],
  [
    'columns_zstd that is not zstd',
    encodeRequest({ columnsZstd: Buffer.from('plain text') }),
    status.INVALID_ARGUMENT,
    /columns_zstd/,
  ],
  [
    'columns_zstd with bytes behind it',
    encodeRequest({ columnsZstd: Buffer.concat([compress(encodeColumns([])), Buffer.from('x')]) }),
    status.INVALID_ARGUMENT,
    /not one zstd frame/,
  ],
  [
    'too many definitions',
    encodeRequest({
      definitions: Array.from({ length: 51 }, (_, ref) => ({ ref, labels: toLabels({ a: 'b' }) })),
    }),
    status.RESOURCE_EXHAUSTED,
    /more than 50 entries in one request/,
  ],
  [
    'a message over the limit',
    Buffer.alloc(MESSAGE_BYTES + 1),
    status.RESOURCE_EXHAUSTED,
    /more than the 16777216 bytes of ingest\.limits\.message/,
  ],
];

for (const [what, request, code, message] of REFUSED) {
  refusals(`refuses ${what} and stores nothing of it`, async ({ client, server }) => {
    const before = server.storage.stats().pointsAppended;
    const refused = await client.write(request).then(
      () => assert.unreachable('an answer'),
      (error) => error,
    );
    assert.is(refused.code, code, refused.message);
    assert.match(refused.details, message);
    const worthRetrying = code === status.RESOURCE_EXHAUSTED;
    assert.is(retryDelayMsOf(refused.metadata) !== undefined, worthRetrying);
    assert.not.match(refused.details, /\n|\.ts|\.js/);

    const call = client.writeStream();
    call.send({ sequence: 1n, ...besideGood(toLabels({ first: 'batch' })) });
    call.send(request);
    assert.is((await call.ack()).sequence, 1n);
    const error = await call.ended();
    assert.is(error?.code, code);
    assert.match(error?.details ?? '', message);
    assert.is(server.storage.stats().pointsAppended - before, 2);
  });
}

refusals(
  'new series past the limit are rejected, known ones flow on',
  async ({ client, server }) => {
    server.service.setLimits({ series: 2 });
    const request = besideGood(toLabels({ one: 'more' }));
    const first = await client.write(request);
    assert.is(first.accepted, 1n);
    assert.match(first.rejections[0]!.reason, /limit of 2 \(ingest\.limits\.series\)/);
    const again = await client.write(besideGood(toLabels({ __name__: 'bystander' })));
    assert.is(again.accepted, 1n);
  },
);

refusals('points over the rate are refused with the time to wait', async ({ client, server }) => {
  server.service.setLimits({ pointsPerSecond: 0.001 });
  const request = besideGood(toLabels({ a: 'b' }));
  assert.is((await client.write(request)).accepted, 2n);
  const error = await client.write(request).catch((cause) => cause);
  assert.is(error.code, status.RESOURCE_EXHAUSTED);
  assert.match(error.details, /points_per_second/);
  const delayMs = retryDelayMsOf(error.metadata) ?? 0;
  assert.ok(delayMs > 1_900_000 && delayMs <= 2_000_000, `${delayMs} ms`);
  server.service.setLimits(LIMITS);
});

refusals('garbage on the port harms nobody', async ({ server }) => {
  const garbage = [
    Buffer.alloc(70_000, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x16, 3, 1, 2, 0]),
  ];
  for (const bytes of garbage) {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.end(bytes);
    await once(socket, 'close');
  }
});

refusals('labels without a value count towards no limit', async ({ client }) => {
  const names = Array.from('abcdefghi', (name, i) => [name, i === 0 ? '' : name]);
  const answer = await client.write(besideGood(toLabels(Object.fromEntries(names))));
  assert.is(answer.rejected, 0n);
});

refusals('every rejection is in the metrics by its reason', async ({ client, server }) => {
  await client.write(besideGood([]));
  await client.write(atTimes(TWO_53 * 2n));
  const text = await server.registry.metrics();
  assert.match(
    text,
    /^varve_ingest_rejected_points_total\{method="Write",reason="no_labels"\} 1$/m,
  );
  assert.match(
    text,
    /^varve_ingest_rejected_points_total\{method="Write",reason="timestamp_out_of_range"\} 1$/m,
  );
  assert.match(text, /^varve_ingest_rejected_points_total\{method="Write",reason="expired"\} 0$/m);
  assert.match(text, /^varve_ingest_points_total 2$/m);
  assert.match(text, /^varve_ingest_batches_total\{method="Write"\} 2$/m);
  assert.match(text, /^varve_ingest_streams_open 1$/m);
});

refusals.run();
