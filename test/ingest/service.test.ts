import { compressionAlgorithms, status } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { openStorage } from '../../storage/index.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { type HeldStorage, holdAppends } from '../support/held-storage.ts';
import { connect, NOW_MS, startIngestServer } from '../support/ingest-server.ts';
import { contentsOf } from '../support/storage.ts';
import { encodeRequest, field, toLabels } from '../support/write-requests.ts';

const service = suite('ingest/service');

service('stores self-contained series and answers with the sequence', async () => {
  const server = await startIngestServer();
  const client = connect(server.address);
  const answer = await client.write({
    sequence: 7n,
    series: [
      {
        labels: [
          { name: 'host', value: 'a' },
          { name: '__name__', value: 'load' },
        ],
        timestampsMs: [BigInt(NOW_MS), BigInt(NOW_MS - 1000)],
        values: [1.5, -0],
      },
    ],
  });
  assert.is(answer.sequence, 7n);
  assert.is(answer.accepted, 2n);
  assert.is(answer.rejected, 0n);
  assert.equal(
    [...server.storage.contents()],
    [
      [
        JSON.stringify([
          { name: '__name__', value: 'load' },
          { name: 'host', value: 'a' },
        ]),
        [
          [NOW_MS - 1000, 0x8000000000000000n],
          [NOW_MS, 0x3ff8000000000000n],
        ],
      ],
    ],
  );
  client.close();
  await server.close();
});

const STALE_MARKER_BITS = 0x7ff0000000000002n;

/** One point of ref 1, whose value has these bits. */
function columnsOf(bits: bigint): Buffer {
  const ref = Buffer.from([1, 0, 0, 0]);
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigInt64LE(BigInt(NOW_MS));
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(bits);
  return Buffer.concat([field(1, ref), field(2, timestamp), field(3, value)]);
}

const WAYS_IN: [what: string, fields: Buffer][] = [
  ['columns', field(4, columnsOf(STALE_MARKER_BITS))],
  ['columns_zstd', field(5, compress(columnsOf(STALE_MARKER_BITS)))],
];

for (const [what, fields] of WAYS_IN) {
  service(`the stale marker comes through ${what} bit for bit`, async () => {
    const server = await startIngestServer();
    const client = connect(server.address);
    const labels = toLabels({ __name__: 'm' });
    const definition = encodeRequest({ definitions: [{ ref: 1, labels }] });
    assert.is((await client.write(Buffer.concat([definition, fields]))).accepted, 1n);
    const stored = server.storage.contents().get(JSON.stringify(labels));
    assert.equal(stored, [[NOW_MS, STALE_MARKER_BITS]]);
    client.close();
    await server.close();
  });
}

service('the same labels in another order are the same series', async () => {
  const server = await startIngestServer();
  const client = connect(server.address);
  const point = (timestampMs: number) => ({ timestampsMs: [BigInt(timestampMs)], values: [1] });
  const sorted = toLabels({ a: '1', b: '2' });
  for (const labels of [sorted, sorted.toReversed(), [...sorted, { name: 'c', value: '' }]]) {
    const series = [{ labels, ...point(NOW_MS) }];
    assert.is((await client.write({ series })).accepted, 1n);
  }
  assert.is(server.storage.seriesCount, 1);
  client.close();
  await server.close();
});

service('series that came in one order are told apart in every other', async () => {
  const storage = await openStorage('data', createSimEnv());
  const server = await startIngestServer({ wrap: () => storage });
  const client = connect(server.address);
  const hosts = ['a', 'ab', 'abc', 'b', 'bc'];
  const orders = [hosts, hosts, hosts.toReversed(), hosts.slice(2), ['a', 'abc', 'a', 'd', 'ab']];
  const sent = new Map<string, number[]>();
  for (const order of [...orders, ...orders]) {
    const series = order.map((host) => {
      const values = sent.get(host) ?? [];
      sent.set(host, [...values, values.length]);
      const timestampsMs = [BigInt(NOW_MS + values.length)];
      return { labels: toLabels({ host }), timestampsMs, values: [values.length] };
    });
    assert.is((await client.write({ series })).accepted, BigInt(order.length));
  }
  const stored = await contentsOf(storage);
  for (const [host, values] of sent) {
    const points = stored.get(JSON.stringify(toLabels({ host }))) ?? [];
    assert.equal(
      points.map(([, bits]) => new Float64Array(BigUint64Array.of(bits).buffer)[0]),
      values,
    );
  }
  assert.is(stored.size, sent.size);
  client.close();
  await server.close();
  await storage.close();
});

service('a request larger than one turn is stored whole', async () => {
  const server = await startIngestServer();
  const client = connect(server.address);
  const series = Array.from({ length: 20_001 }, (_, i) => ({
    labels: toLabels({ n: String(i) }),
    timestampsMs: [BigInt(NOW_MS)],
    values: [i],
  }));
  for (let time = 0; time < 2; time++) {
    assert.is((await client.write(encodeRequest({ series }))).accepted, 20_001n);
  }
  assert.is(server.storage.contents().size, 20_001);
  const last = server.storage.contents().get(JSON.stringify(toLabels({ n: '20000' })));
  assert.is(last?.length, 1);
  client.close();
  await server.close();
});

service('takes requests that gRPC compresses', async () => {
  const server = await startIngestServer();
  const gzip = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
  const client = connect(server.address, gzip);
  const labels = toLabels({ a: 'x'.repeat(3000) });
  const series = [{ labels, timestampsMs: [BigInt(NOW_MS)], values: [1] }];
  assert.is((await client.write({ series })).accepted, 1n);
  client.close();
  await server.close();
});

service('a deadline that passes ends the call, and the points stay', async () => {
  let storage: HeldStorage | undefined;
  const server = await startIngestServer({
    wrap: (inner) => {
      storage = holdAppends(inner);
      return storage;
    },
  });
  const client = connect(server.address);
  const series = [{ labels: toLabels({ a: 'b' }), timestampsMs: [BigInt(NOW_MS)], values: [1] }];
  const written = client.write({ series }, { deadline: Date.now() + 500 }).catch((e) => e);
  await storage?.holds(1);
  const late = await written;
  assert.is(late.code, status.DEADLINE_EXCEEDED);
  storage?.held[0]?.succeed();
  await server.service.drain();
  assert.is(server.storage.contents().size, 1);
  assert.equal(server.bugs, []);
  client.close();
  await server.close();
});

service.run();
