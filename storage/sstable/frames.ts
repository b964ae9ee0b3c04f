// Streams of a block as one checked piece of bytes.
//
//   frame table   for each stream: varint size, and unless it is 0, varint size as stored
//   frames        each a zstd frame, or the bytes themselves when they would not shrink
//   checksum      crc32 of all before it

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import type { Span } from '../coding/column-reader.ts';
import { type Compression, decompressFrame, frameBytesMax } from '../coding/zstd.ts';
import { BLOCK_BYTES_MAX } from '../limits.ts';
import type { BlockContent } from '../slice-types.ts';
import { CHECKSUM_BYTES } from './format.ts';
import { checkedBytes, sealBytes } from './section.ts';

const frameTable = new ByteWriter();
let frameSpace = new Uint8Array(1 << 16);

/** All streams, in the order in which a reader will find them. */
export function encodeFrames(
  streams: readonly Uint8Array[],
  compressFrame: Compression,
): Uint8Array {
  const total = streams.reduce((sum, stream) => sum + frameBytesMax(stream.length), 0);
  if (total > frameSpace.length) frameSpace = new Uint8Array(total);
  frameTable.reset();
  let length = 0;
  for (const stream of streams) {
    frameTable.varint(stream.length);
    if (stream.length === 0) continue;
    let stored = compressFrame(frameSpace.subarray(length), stream);
    if (stored >= stream.length) {
      frameSpace.set(stream, length);
      stored = stream.length;
    }
    frameTable.varint(stored);
    length += stored;
  }
  const table = frameTable.view();
  const bytes = new Uint8Array(table.length + length + CHECKSUM_BYTES);
  bytes.set(table);
  bytes.set(frameSpace.subarray(0, length), table.length);
  sealBytes(bytes);
  return bytes;
}

/** Streams as they were before compression, one after another in memory that threads share. */
export type OpenedFrames = Pick<BlockContent, 'bytes' | 'frameLengths'>;

/** Checks and decompresses `count` streams, whose bytes lie at `offset` of `path`. */
export function openFrames(
  bytes: Uint8Array,
  count: number,
  path: string,
  offset: number,
): OpenedFrames {
  const body = new ByteReader(checkedBytes(bytes, path, offset), path, offset);
  const frameLengths = new Uint32Array(count);
  const storedSizes: number[] = [];
  let total = 0;
  for (let frame = 0; frame < count; frame++) {
    const length = body.varint();
    storedSizes.push(length === 0 ? 0 : body.varint());
    frameLengths[frame] = length;
    total += length;
  }
  if (total > BLOCK_BYTES_MAX) throw body.corrupt(`a block of ${total} B is too large`);
  const content = new Uint8Array(new SharedArrayBuffer(total));
  spansOf(frameLengths).forEach((span, frame) => {
    if (span.length === 0) return;
    const at = offset + body.offset;
    const stored = body.bytes(storedSizes[frame]!);
    const target = content.subarray(span.offset, span.offset + span.length);
    if (stored.length === span.length) target.set(stored);
    else decompressFrame(target, stored, path, at);
  });
  body.expectEnd();
  return { bytes: content, frameLengths };
}

export function spansOf(frameLengths: Uint32Array): Span[] {
  let offset = 0;
  return Array.from(frameLengths, (length) => {
    const span = { offset, length };
    offset += length;
    return span;
  });
}
