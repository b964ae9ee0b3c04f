import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { compressSync } from 'snappy';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { openBody } from '../../../ingest/http/body.ts';
import { letGo } from '../../../ingest/http/let-go.ts';
import { uncompressBlock } from '../../../ingest/http/snappy.ts';

const memory = suite('ingest/http/let-go');

const KIB = 1024;

memory('memory of its own is given back at once', () => {
  const bytes = Buffer.from(new ArrayBuffer(64 * KIB));
  const view = new DataView(bytes.buffer);
  letGo(bytes);
  assert.is(bytes.length, 0);
  assert.throws(() => view.getInt8(0), /detached/);
  letGo(bytes);
});

memory('an uncompressed block has memory of its own', () => {
  const block = compressSync(Buffer.alloc(64 * KIB, 'abc')) as Buffer;
  const content = uncompressBlock(block, 64 * KIB, () => {});
  assert.is(content.length, 64 * KIB);
  letGo(content);
  assert.is(content.length, 0);
});

memory('what shares its memory with others stays', () => {
  const whole = Buffer.alloc(64 * KIB, 'x');
  letGo(whole.subarray(1));
  letGo(whole.subarray(0, whole.length - 1));
  assert.is(whole.length, 64 * KIB);
  assert.is(whole[0], 'x'.charCodeAt(0));
});

const TEXT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `${i * 7919}\n`).join(''));

const CODINGS: readonly (readonly [string, (bytes: Buffer) => Uint8Array])[] = [
  ['identity', (bytes) => bytes],
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['zstd', (bytes) => compress(bytes)],
];

for (const [coding, encode] of CODINGS) {
  memory(`a ${coding} body is read whole though its pieces are let go of`, async () => {
    const sent = Buffer.from(encode(TEXT));
    const arriving = Array.from({ length: Math.ceil(sent.length / (64 * KIB)) }, (_, i) =>
      Buffer.from(new Uint8Array(sent.subarray(i * 64 * KIB, (i + 1) * 64 * KIB))),
    );
    const body = openBody(Readable.from(arriving), {
      coding,
      declaredBytes: sent.length,
      sizeMax: Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
      received: () => {},
    });
    const copies: Buffer[] = [];
    for await (const piece of body) {
      copies.push(Buffer.from(piece));
      letGo(piece);
    }
    assert.is(Buffer.concat(copies).compare(TEXT), 0);
  });
}

memory.run();
