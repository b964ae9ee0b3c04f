// Bodies that no sender would send, at the doors of remote write and line protocol: each is stored
// or refused, none is a fault of ours, and a bystander's points are all there at the end.
// RUNS=20000 for a long one.

import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { type DoorServer, startDoorServer } from '../support/door-server.ts';
import { NOW_MS } from '../support/ingest-server.ts';
import { encodeV1, encodeV2, postWrite, toV1, toV2, V2_TYPE } from '../support/remote-write.ts';
import { property } from '../support/seed.ts';
import { toLabels } from '../support/write-requests.ts';

const fuzz = suite('fuzz/doors');
const RUNS = Number(process.env['RUNS'] ?? 150);

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const timestampMs = fc.integer({ min: NOW_MS - 1e9, max: NOW_MS });
const series = fc.array(
  fc.record({
    labels: fc.dictionary(text, text, { maxKeys: 4 }),
    samples: fc.array(fc.tuple(timestampMs, fc.double()), { maxLength: 3 }),
  }),
  { maxLength: 4 },
);
const words = fc.constantFrom(
  ...['m', ',', '=', ' ', '\\', '"', '\n', '\r', '#', '1', '-', '.', 'e', 'i', 'u', 't', 'é', '\0'],
  ...[
    'cpu,host=a user=1.5',
    'm f=1 1767225600000000000\n',
    'm s="a b",n=2i',
    '99999999999999999999',
  ],
);
const lines = fc.array(words, { maxLength: 40 }).map((all) => Buffer.from(all.join('')));

interface Target {
  readonly path: string;
  readonly type: string;
  readonly body: fc.Arbitrary<Buffer>;
}

const TARGETS: Readonly<Record<string, Target>> = {
  'remote write 1.0': {
    path: '/api/v1/write',
    type: 'application/x-protobuf',
    body: series.map((all) => encodeV1(toV1(all))),
  },
  'remote write 2.0': {
    path: '/api/v1/write',
    type: V2_TYPE,
    body: series.map((all) => encodeV2(toV2(all))),
  },
  'line protocol 1': { path: '/write?db=d', type: 'text/plain', body: lines },
  'line protocol 2': { path: '/api/v2/write?bucket=b', type: 'text/plain', body: lines },
};

/** Some bytes changed, and now and then the end cut off. */
function damaged(body: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const hits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  return fc.tuple(body, hits, fc.nat(), fc.boolean()).map(([bytes, all, length, isCut]) => {
    for (const [at, byte] of all) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return isCut ? bytes.subarray(0, length % (bytes.length + 1)) : bytes;
  });
}

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Uint8Array>> = {
  identity: (bytes) => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  zstd: (bytes) => compress(bytes),
  snappy: (bytes) => compressSync(bytes),
};

/** Damaged before it is compressed, after, or as the coding that it is not. */
function sent(body: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly [coding: string, Uint8Array]> {
  const coding = fc.constantFrom(...Object.keys(CODINGS));
  return fc.oneof(
    fc.tuple(coding, damaged(body)).map(([name, bytes]) => [name, CODINGS[name]!(bytes)] as const),
    fc
      .tuple(coding, body)
      .chain(([name, bytes]) =>
        fc.tuple(fc.constant(name), damaged(fc.constant(Buffer.from(CODINGS[name]!(bytes))))),
      ),
    fc.tuple(coding, fc.uint8Array({ maxLength: 200 })),
  );
}

const BYSTANDER = { __name__: 'bystander' };

async function writeBystander({ http }: DoorServer, at: number): Promise<void> {
  const samples = [[NOW_MS - at, at]] as const;
  const answer = await postWrite(http, encodeV1(toV1([{ labels: BYSTANDER, samples }])));
  assert.is(answer.status, 204);
}

for (const [name, { path, type, body }] of Object.entries(TARGETS)) {
  fuzz(`${name}: nothing is our fault`, async () => {
    const server = await startDoorServer();
    const statuses = new Set<number>();
    let runs = 0;
    const check = async ([coding, bytes]: readonly [string, Uint8Array]) => {
      const headers = { 'content-type': type, 'content-encoding': coding };
      const [answer] = await Promise.all([
        fetch(`${server.http}${path}`, {
          method: 'POST',
          headers,
          body: bytes as Uint8Array<ArrayBuffer>,
        }),
        writeBystander(server, runs++),
      ]);
      const said = await answer.text();
      assert.ok([204, 400, 413].includes(answer.status), `${answer.status}: ${said}`);
      statuses.add(answer.status);
    };
    try {
      await fc.assert(fc.asyncProperty(sent(body), check), property(RUNS));
      assert.ok(statuses.has(204) && statuses.has(400));
      const stored = server.storage.contents().get(JSON.stringify(toLabels(BYSTANDER)));
      assert.is(stored?.length, runs);
      assert.equal(server.bugs, []);
    } finally {
      await server.close();
    }
  });
}

fuzz.run();
