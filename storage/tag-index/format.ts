// What writer and reader of an index table share; see docs/format/tag-index.md. All of it is on
// disk: not to be renumbered, and a change of meaning is a new version.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { checksum } from '../coding/checksum.ts';
import { CorruptionError } from '../errors.ts';
import type { BlockHandle } from '../sstable/format.ts';
import { checkedBytes } from '../sstable/section.ts';

/** "varveidx", at the end of the file. */
export const MAGIC = Uint8Array.from('varveidx', (char) => char.charCodeAt(0));
const VERSION = 1;

/** A tombstone. */
export const DELETE = 0 as const;
export const PUT = 1 as const;
export type RecordKind = typeof DELETE | typeof PUT;

export const FOOTER_BYTES = 32;

export interface Footer {
  readonly index: BlockHandle;
  readonly filter: BlockHandle;
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
  const checked = checkedBytes(bytes.subarray(0, FOOTER_BYTES - MAGIC.length), path, base);
  const reader = new ByteReader(checked, path, base);
  const handle = () => ({ offset: reader.uint32(), size: reader.uint32() });
  const footer = { index: handle(), filter: handle() };
  const version = reader.uint32();
  if (version !== VERSION) {
    const expectation = `expected version ${VERSION}, found ${version}`;
    throw new CorruptionError(path, base, expectation, { isOtherVersion: true });
  }
  return footer;
}
