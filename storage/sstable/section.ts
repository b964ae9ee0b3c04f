// The parts of a table that are not blocks: a piece of bytes, compressed, with its checksum.
//
//   size          varint, of the content
//   frame         zstd
//   checksum      crc32 of all before it

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { checksum } from '../coding/checksum.ts';
import { compressFrame, decompressFrame, frameBytesMax } from '../coding/zstd.ts';
import { CorruptionError } from '../errors.ts';
import { CHECKSUM_BYTES } from './format.ts';

/** A section's content takes no more: ids of 64 Mi series. */
const SECTION_BYTES_MAX = 256 << 20;

export function encodeSection(content: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  const frame = new Uint8Array(frameBytesMax(content.length));
  writer.varint(content.length);
  writer.bytes(frame.subarray(0, compressFrame(frame, content)));
  writer.uint32(checksum(writer.view()));
  return writer.copy();
}

/** The content of a section whose bytes lie at `offset` of `path`. */
export function decodeSection(bytes: Uint8Array, path: string, offset: number): Uint8Array {
  const reader = new ByteReader(checkedBytes(bytes, path, offset), path, offset);
  const length = reader.varint();
  if (length > SECTION_BYTES_MAX) throw reader.corrupt(`a section of ${length} B is too large`);
  const content = new Uint8Array(length);
  decompressFrame(content, reader.bytes(reader.remaining), path, offset);
  return content;
}

/** Puts the checksum of `bytes` into their last four. */
export function sealBytes(bytes: Uint8Array): void {
  const end = bytes.length - CHECKSUM_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset + end, CHECKSUM_BYTES);
  view.setUint32(0, checksum(bytes.subarray(0, end)), true);
}

/** What `bytes`, read at `offset` of `path`, hold before their checksum, which must be right. */
export function checkedBytes(bytes: Uint8Array, path: string, offset: number): Uint8Array {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 0) throw new CorruptionError(path, offset, 'the file ends within a checksum');
  const view = new DataView(bytes.buffer, bytes.byteOffset + end, CHECKSUM_BYTES);
  const found = checksum(bytes.subarray(0, end));
  const expected = view.getUint32(0, true);
  if (found !== expected) {
    const words = `expected checksum ${expected.toString(16)}, found ${found.toString(16)}`;
    throw new CorruptionError(path, offset, words);
  }
  return bytes.subarray(0, end);
}
