// Every request a client can get wrong as a whole, over real sockets: each case alone in a Write
// and behind a good batch in a WriteStream.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { status } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { retryDelayMsOf } from '../../proto/index.ts';
import {
  type Bystander,
  besideGood,
  LIMITS,
  MESSAGE_BYTES,
  watchBystander,
} from '../support/bystander.ts';
import { NOW_MS } from '../support/ingest-server.ts';
import {
  encodeColumns,
  encodeRequest,
  field,
  toColumns,
  toLabels,
} from '../support/write-requests.ts';

const refusals = suite<Bystander>('ingest/refusals');
watchBystander(refusals);

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

refusals.run();
