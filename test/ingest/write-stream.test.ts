import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { retryDelayMsOf } from '../../proto/index.ts';
import { StorageError } from '../../storage/index.ts';
import { type HeldStorage, holdAppends } from '../support/held-storage.ts';
import {
  connect,
  type IngestServer,
  NOW_MS,
  startIngestServer,
  type WriteClient,
} from '../support/ingest-server.ts';
import { suite } from '../support/suite.ts';
import {
  encodeColumns,
  encodeRequest,
  framed,
  toColumns,
  toLabels,
} from '../support/write-requests.ts';

const writeStream = suite<{ server: IngestServer; client: WriteClient; storage: HeldStorage }>(
  'ingest/write-stream',
);

const LIMITS = { streamBatches: 4, streamBytes: 100_000 };

writeStream.before.each(async (context) => {
  context.server = await startIngestServer({
    limits: LIMITS,
    wrap: (inner) => {
      context.storage = holdAppends(inner);
      return context.storage;
    },
  });
  context.client = connect(context.server.address);
});

writeStream.after.each(async ({ server, client }) => {
  assert.equal(server.bugs, []);
  client.close();
  await server.close();
});

/** Batch number `n`: one point at NOW_MS + n, of ref 0, which the first one defines. */
function batch(n: number) {
  const labels = toLabels({ __name__: 'm' });
  return {
    sequence: BigInt(n),
    definitions: n === 0 ? [{ ref: 0, labels }] : [],
    columns: toColumns([{ ref: 0, timestampMs: NOW_MS + n, value: n }]),
  };
}

writeStream('acknowledges in order, whatever order storage finishes in', async (context) => {
  const call = context.client.writeStream();
  for (let n = 0; n < 3; n++) call.send(batch(n));
  await context.storage.holds(3);
  for (const append of context.storage.held.toReversed()) append.succeed();
  for (let n = 0; n < 3; n++) assert.is((await call.ack()).sequence, BigInt(n));
  call.stream.end();
  assert.is(await call.ended(), undefined);
});

writeStream('does not wait for one fsync before it takes the next batch', async (context) => {
  const call = context.client.writeStream();
  for (let n = 0; n < 4; n++) call.send(batch(n));
  await context.storage.holds(4);
  assert.equal(
    context.storage.held.map(({ timestampsMs }) => timestampsMs[0]! - NOW_MS),
    [0, 1, 2, 3],
  );
  for (const append of context.storage.held) append.succeed();
  for (let n = 0; n < 4; n++) await call.ack();
  call.stream.end();
  await call.ended();
});

writeStream('takes no more batches than there is credit for', async ({ client, storage }) => {
  const call = client.writeStream();
  const total = 40;
  for (let n = 0; n < total; n++) call.send(batch(n));
  call.stream.end();
  for (let n = 0; n < total; n++) {
    await storage.holds(n + 1);
    // A round trip on the same connection: whatever the server would take, it has taken.
    await client.write({}).then((answer) => assert.is(answer.accepted, 0n));
    assert.ok(storage.held.length <= n + LIMITS.streamBatches, `${storage.held.length} at ${n}`);
    storage.held[n]!.succeed();
    assert.is((await call.ack()).sequence, BigInt(n));
  }
  assert.is(await call.ended(), undefined);
});

writeStream('takes no more bytes than there is credit for', async ({ client, storage }) => {
  const call = client.writeStream();
  for (let n = 0; n < 3; n++) {
    call.send({ ...batch(n), series: [{ labels: toLabels({ pad: 'x'.repeat(120_000) }) }] });
  }
  call.stream.end();
  for (let n = 0; n < 3; n++) {
    await storage.holds(n + 1);
    await client.write({});
    assert.is(storage.held.length, n + 1);
    storage.held[n]!.succeed();
    await call.ack();
  }
  assert.is(await call.ended(), undefined);
});

writeStream('what was compressed counts with the memory it takes', async (context) => {
  const { client, storage } = context;
  const call = client.writeStream();
  // 10,000 points in a few hundred bytes: twice the credit when they are unpacked.
  const points = Array.from({ length: 10_000 }, () => ({ ref: 0, timestampMs: NOW_MS, value: 1 }));
  const columnsZstd = compress(encodeColumns(points));
  assert.ok(columnsZstd.length < 2000);
  const { definitions } = batch(0);
  for (let n = 0; n < 4; n++) call.send({ definitions, columnsZstd });
  call.stream.end();
  for (let n = 0; n < 4; n++) {
    await storage.holds(n + 1);
    await client.write({});
    // Two more may have been read before the first was unpacked.
    assert.ok(storage.held.length <= n + 3, `${storage.held.length} at ${n}`);
    storage.held[n]!.succeed();
    await call.ack();
  }
  assert.is(await call.ended(), undefined);
});

writeStream(
  'points that were stored count though nobody is left to hear of them',
  async (context) => {
    const call = context.client.writeStream();
    call.send(batch(0));
    await context.storage.holds(1);
    call.stream.cancel();
    await call.ended();
    context.storage.held[0]!.succeed();
    await context.server.service.drain();
    assert.match(await context.server.registry.metrics(), /^varve_ingest_points_total 1$/m);
  },
);

writeStream('ends with the error of a batch after the acks before it', async (context) => {
  const call = context.client.writeStream();
  for (let n = 0; n < 4; n++) call.send(batch(n));
  await context.storage.holds(4);
  const [first, second, third, fourth] = context.storage.held;
  third!.fail(new StorageError('UNAVAILABLE', 'the disk is full'));
  fourth!.succeed();
  second!.succeed();
  first!.succeed();
  assert.is((await call.ack()).sequence, 0n);
  assert.is((await call.ack()).sequence, 1n);
  const error = await call.ended();
  assert.is(error?.code, status.UNAVAILABLE);
  assert.is(error?.details, 'the disk is full');
  assert.is(retryDelayMsOf(error!.metadata), 1000);
});

const STORAGE_ERRORS: [StorageError, status, number | undefined][] = [
  [new StorageError('RESOURCE_EXHAUSTED', 'flushing is behind'), status.RESOURCE_EXHAUSTED, 1000],
  [new StorageError('CLOSED', 'the storage was closed'), status.UNAVAILABLE, 1000],
  [new StorageError('CORRUPTION', 'bytes differ'), status.DATA_LOSS, undefined],
];

for (const [error, code, retryMs] of STORAGE_ERRORS) {
  writeStream(`a Write that fails with ${error.code} says so`, async ({ client, storage }) => {
    const written = client.write(batch(0)).catch((cause) => cause);
    await storage.holds(1);
    storage.held[0]!.fail(error);
    const refused = await written;
    assert.is(refused.code, code);
    assert.is(refused.details, error.message);
    assert.is(retryDelayMsOf(refused.metadata), retryMs);
  });
}

writeStream('a bug is INTERNAL to the client and logged in full', async (context) => {
  const written = context.client.write(batch(0)).catch((cause) => cause);
  await context.storage.holds(1);
  const bug = new TypeError('x is not a function');
  context.storage.held[0]!.fail(bug);
  const refused = await written;
  assert.equal([refused.code, refused.details], [status.INTERNAL, 'internal error']);
  assert.equal(context.server.bugs.splice(0), [bug]);
});

writeStream('half-closing answers everything and then ends', async ({ client, storage }) => {
  const call = client.writeStream();
  call.send(batch(0));
  call.send(batch(1));
  call.stream.end();
  await storage.holds(2);
  for (const append of storage.held) append.succeed();
  assert.is((await call.ack()).sequence, 0n);
  assert.is((await call.ack()).sequence, 1n);
  assert.is(await call.ended(), undefined);
});

writeStream('a client that hangs up leaves nothing behind', async (context) => {
  const call = context.client.writeStream();
  call.send(batch(0));
  await context.storage.holds(1);
  call.stream.cancel();
  assert.is((await call.ended())?.code, status.CANCELLED);
  context.storage.held[0]!.succeed();
  // The batch was stored all the same, and draining finds nothing under way.
  await context.server.service.drain();
  assert.is(context.server.storage.stats().pointsAppended, 1);
  assert.match(await context.server.registry.metrics(), /^varve_ingest_streams_open 0$/m);
});

writeStream(
  'a redefined ref means the new series from then on',
  async ({ client, storage, server }) => {
    const call = client.writeStream();
    for (const [n, name] of ['a', 'b', 'a'].entries()) {
      call.send({
        definitions: [{ ref: 3_000_000_000, labels: toLabels({ name }) }],
        columns: toColumns([{ ref: 3_000_000_000, timestampMs: NOW_MS + n, value: n }]),
      });
      await storage.holds(n + 1);
      storage.held[n]!.succeed();
      await call.ack();
    }
    const contents = server.storage.contents();
    assert.is(contents.get(JSON.stringify(toLabels({ name: 'a' })))?.length, 2);
    assert.is(contents.get(JSON.stringify(toLabels({ name: 'b' })))?.length, 1);
    call.stream.end();
    await call.ended();
  },
);

writeStream('refs of one stream mean nothing in another', async ({ client, storage }) => {
  const one = client.writeStream();
  one.send(batch(0));
  await storage.holds(1);
  const other = client.writeStream();
  other.send(batch(1));
  assert.match((await other.ended())?.details ?? '', /ref 0 has no definition/);
  storage.held[0]!.succeed();
  await one.ack();
  one.stream.end();
  assert.is(await one.ended(), undefined);
});

writeStream('draining answers what was taken, then says UNAVAILABLE', async (context) => {
  const { client, storage, server } = context;
  const call = client.writeStream();
  call.send(batch(0));
  await storage.holds(1);
  const drained = server.service.drain();
  const refused = await client.write(batch(1)).catch((cause) => cause);
  assert.is(refused.code, status.UNAVAILABLE);
  assert.is(retryDelayMsOf(refused.metadata), 2000);
  storage.held[0]!.succeed();
  assert.is((await call.ack()).sequence, 0n);
  const error = await call.ended();
  assert.equal([error?.code, error?.details], [status.UNAVAILABLE, 'the server is shutting down']);
  await drained;
  const late = client.writeStream();
  assert.is((await late.ended())?.code, status.UNAVAILABLE);
});

writeStream('requests beyond the shared budget are told to come back', async (context) => {
  context.server.service.setLimits({ requestBytes: 80 });
  const first = context.client.write(batch(0));
  await context.storage.holds(1);
  const refused = await context.client.write(batch(0)).catch((cause) => cause);
  assert.is(refused.code, status.RESOURCE_EXHAUSTED);
  assert.is(retryDelayMsOf(refused.metadata), 500);
  context.storage.held[0]!.succeed();
  assert.is((await first).accepted, 1n);
});

writeStream('a client that reads no acks is not read either', async (context) => {
  const { client, storage, server } = context;
  const session = connectHttp2(`http://${server.address}`, { settings: { initialWindowSize: 0 } });
  const call = session.request({
    ':method': 'POST',
    ':path': '/varve.v1.IngestService/WriteStream',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  for (let n = 0; n < 20; n++) call.write(framed(encodeRequest(batch(n))));
  await storage.holds(LIMITS.streamBatches);
  for (const append of storage.held) append.succeed();
  for (let round = 0; round < 5; round++) await client.write({});
  assert.is(storage.held.length, LIMITS.streamBatches);
  const closed = once(session, 'close');
  session.destroy();
  await closed;
});

writeStream.run();
