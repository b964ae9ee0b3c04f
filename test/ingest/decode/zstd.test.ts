import { Readable } from 'node:stream';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Compressor, compress } from 'zstd-napi';
import zstd from 'zstd-napi/binding.js';
import { decompressFrame, uncompressedPieces } from '../../../ingest/decode/zstd.ts';

const bounded = suite('ingest/decode/zstd');
const MIB = 1024 * 1024;

/** A frame whose header does not say how large its content is. */
function compressUndeclared(content: Uint8Array): Buffer {
  const compressor = new Compressor();
  compressor.setParameters({ contentSizeFlag: false });
  const frame = compressor.compress(content);
  assert.is(zstd.getFrameContentSize(frame), null);
  return frame;
}

bounded('gives back what was compressed, declared or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(300), (bytes, repeats) => {
      const content = Buffer.concat(Array.from({ length: repeats }, () => bytes));
      assert.ok(decompressFrame(compress(content), 2 * MIB).equals(content));
      assert.ok(decompressFrame(compressUndeclared(content), 2 * MIB).equals(content));
    }),
    { seed: 20_260_102, numRuns: 100 },
  );
});

// A frame whose content filled the last piece was taken for one that is cut short.
bounded('frames that arrive in chunks are whole whatever their size', async () => {
  for (const size of [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 5 * 64 * 1024]) {
    const content = Buffer.alloc(size, 'varve');
    for (const frame of [compress(content), compressUndeclared(content)]) {
      const declared: number[] = [];
      const chunks = Readable.from([frame.subarray(0, 20), frame.subarray(20)]);
      const pieces = [];
      const rules = { pieceBytes: 64 * 1024, onDeclared: (bytes: number) => declared.push(bytes) };
      for await (const piece of uncompressedPieces(chunks, rules)) pieces.push(piece);
      assert.ok(Buffer.concat(pieces).equals(content), `${size}`);
      assert.equal(declared, [zstd.getFrameContentSize(frame) ?? 0]);
    }
  }
});

bounded('takes content up to the limit exactly', () => {
  const content = Buffer.alloc(MIB, 'varve');
  for (const frame of [compress(content), compressUndeclared(content)]) {
    assert.is(decompressFrame(frame, MIB).length, MIB);
    assert.throws(() => decompressFrame(frame, MIB - 1), /ingest\.limits\.message/);
  }
});

bounded('refuses a bomb without taking memory for it', () => {
  const bomb = Buffer.alloc(300 * MIB);
  const frames = [compress(bomb), compressUndeclared(bomb)];
  const before = process.memoryUsage().arrayBuffers;
  for (const frame of frames) {
    assert.throws(
      () => decompressFrame(frame, MIB),
      (error: { code: string }) => error.code === 'RESOURCE_EXHAUSTED',
    );
  }
  const taken = process.memoryUsage().arrayBuffers - before;
  assert.ok(taken < 8 * MIB, `${taken} bytes taken`);
});

bounded('refuses a frame that is cut short or damaged', () => {
  const content = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * i) & 0xff));
  for (const frame of [compress(content), compressUndeclared(content)]) {
    assert.throws(() => decompressFrame(frame.subarray(0, -5), MIB), /malformed request/);
    assert.throws(() => decompressFrame(frame.subarray(0, 3), MIB), /malformed request/);
    const damaged = Buffer.from(frame);
    damaged[0]! ^= 0xff;
    assert.throws(() => decompressFrame(damaged, MIB), /malformed request/);
  }
});

bounded('refuses a second frame', () => {
  const frame = compress(Buffer.from('a'));
  assert.throws(() => decompressFrame(Buffer.concat([frame, frame]), MIB), /not one zstd frame/);
});

bounded.run();
