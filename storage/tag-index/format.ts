// What writer and reader of an index table share; see docs/format/tag-index.md. All of it is on
// disk: not to be renumbered, and a change of meaning is a new version.

import { Compressor, Decompressor } from 'zstd-napi';
import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { checksum } from '../coding/checksum.ts';
import { CorruptionError } from '../errors.ts';

/** "VARVEIDX", at the end of the file. */
export const MAGIC = Uint8Array.from('VARVEIDX', (char) => char.charCodeAt(0));
export const VERSION = 1;

/** A tombstone. */
export const DELETE = 0;
export const PUT = 1;
export type RecordKind = typeof DELETE | typeof PUT;

/** How the bytes of a block are stored. */
const RAW = 0;
const ZSTD = 1;
const ZSTD_LEVEL = 3;

/** Storage kind before the bytes' checksum. */
const FRAME_TAIL_BYTES = 5;

export const FOOTER_BYTES = 32;

/** Where a block with its frame lies in the file. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

export interface Footer {
  readonly index: BlockHandle;
  readonly filter: BlockHandle;
}

const compressor = new Compressor();
compressor.setParameters({ compressionLevel: ZSTD_LEVEL });
const decompressor = new Decompressor();

/** The block as it lies in the file: compressed when that is shorter, its kind, its checksum. */
export function sealBlock(block: Uint8Array): Uint8Array {
  const compressed = compressor.compress(block);
  const kind = compressed.length < block.length ? ZSTD : RAW;
  const body = kind === ZSTD ? compressed : block;
  const frame = new Uint8Array(body.length + FRAME_TAIL_BYTES);
  frame.set(body);
  frame[body.length] = kind;
  const view = new DataView(frame.buffer);
  view.setUint32(body.length + 1, checksum(frame.subarray(0, body.length + 1)), true);
  return frame;
}

/** The block in `frame`, which was read at `handle` of the file `path`. */
export function openBlock(frame: Uint8Array, handle: BlockHandle, path: string): Uint8Array {
  const { offset, size } = handle;
  if (frame.length !== size || size < FRAME_TAIL_BYTES) {
    throw new CorruptionError(path, offset, `expected a block of ${size} B, found ${frame.length}`);
  }
  const bodyLength = size - FRAME_TAIL_BYTES;
  const view = new DataView(frame.buffer, frame.byteOffset, size);
  const want = view.getUint32(bodyLength + 1, true);
  const found = checksum(frame.subarray(0, bodyLength + 1));
  if (want !== found) {
    throw new CorruptionError(path, offset, `expected the checksum ${want}, found ${found}`);
  }
  const body = frame.subarray(0, bodyLength);
  const kind = frame[bodyLength];
  if (kind === RAW) return body;
  if (kind !== ZSTD) {
    throw new CorruptionError(path, offset, `expected a block kind up to ${ZSTD}, found ${kind}`);
  }
  return decompressor.decompress(body);
}

/**
 *   | index: offset u32, size u32 | filter: offset u32, size u32 | version u32 |
 *   | checksum of the above u32 | magic 8 B |
 */
export function encodeFooter(footer: Footer): Uint8Array {
  const writer = new ByteWriter(FOOTER_BYTES);
  for (const { offset, size } of [footer.index, footer.filter]) {
    writer.uint32(offset);
    writer.uint32(size);
  }
  writer.uint32(VERSION);
  writer.uint32(checksum(writer.view()));
  writer.bytes(MAGIC);
  return writer.copy();
}

/** `bytes` are the last FOOTER_BYTES of a file of `fileSize` bytes. */
export function decodeFooter(bytes: Uint8Array, path: string, fileSize: number): Footer {
  const base = fileSize - FOOTER_BYTES;
  if (bytes.length !== FOOTER_BYTES) {
    throw new CorruptionError(path, 0, `expected ${FOOTER_BYTES} B at least, found ${fileSize} B`);
  }
  if (MAGIC.some((byte, i) => byte !== bytes[FOOTER_BYTES - MAGIC.length + i])) {
    const place = fileSize - MAGIC.length;
    throw new CorruptionError(path, place, 'expected the end of an index table, found other bytes');
  }
  const reader = new ByteReader(bytes, path, base);
  const handles = [0, 1].map(() => ({ offset: reader.uint32(), size: reader.uint32() }));
  const version = reader.uint32();
  const found = checksum(bytes.subarray(0, reader.offset));
  const want = reader.uint32();
  if (want !== found) {
    throw new CorruptionError(path, base, `expected the checksum ${want}, found ${found}`);
  }
  if (version !== VERSION) {
    throw new CorruptionError(path, base, `expected version ${VERSION}, found ${version}`);
  }
  return { index: handles[0]!, filter: handles[1]! };
}
