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

/** Streams as they were before compression, in one buffer. */
export interface OpenedFrames {
  readonly content: Uint8Array;
  readonly spans: readonly Span[];
}

/** Checks and decompresses `count` streams, whose bytes lie at `offset` of `path`. */
export function openFrames(
  bytes: Uint8Array,
  count: number,
  path: string,
  offset: number,
): OpenedFrames {
  const body = new ByteReader(checkedBytes(bytes, path, offset), path, offset);
  const spans: Span[] = [];
  const storedSizes: number[] = [];
  let total = 0;
  for (let frame = 0; frame < count; frame++) {
    const length = body.varint();
    storedSizes.push(length === 0 ? 0 : body.varint());
    spans.push({ offset: total, length });
    total += length;
  }
  if (total > BLOCK_BYTES_MAX) throw body.corrupt(`a block of ${total} B is too large`);
  const content = new Uint8Array(total);
  spans.forEach((span, frame) => {
    if (span.length === 0) return;
    const at = offset + body.offset;
    const stored = body.bytes(storedSizes[frame]!);
    const target = content.subarray(span.offset, span.offset + span.length);
    if (stored.length === span.length) target.set(stored);
    else decompressFrame(target, stored, path, at);
  });
  body.expectEnd();
  return { content, spans };
}
