// The block of a table that tells where its other blocks are, and what the table holds:
//
//   | records: varint | first id: u32 | last id: u32 | first key: prefixed | last key: prefixed |
//   | blocks: varint | per block: separator: prefixed, size: varint |
//
// A separator is the shortest key above the block before and not above its own first key. Blocks
// lie one after the other from the start of the file.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import type { SeriesId } from '../series/labels.ts';
import type { BlockHandle } from '../sstable/format.ts';

import { compareKeys, type KeyRange } from './keys.ts';

export interface TableIndex {
  readonly entryCount: number;
  /** Range of the id -> labels records, both included; 0 and 0 when there is none. */
  readonly firstId: SeriesId;
  readonly lastId: SeriesId;
  readonly firstKey: Uint8Array;
  readonly lastKey: Uint8Array;
  readonly separators: readonly Uint8Array[];
  readonly handles: readonly BlockHandle[];
}

export function encodeTableIndex(index: TableIndex): Uint8Array {
  const writer = new ByteWriter(4096);
  writer.varint(index.entryCount);
  writer.uint32(index.firstId);
  writer.uint32(index.lastId);
  writer.prefixedBytes(index.firstKey);
  writer.prefixedBytes(index.lastKey);
  writer.varint(index.handles.length);
  for (const [i, handle] of index.handles.entries()) {
    writer.prefixedBytes(index.separators[i]!);
    writer.varint(handle.size);
  }
  return writer.copy();
}

/** `offset` is that of the block in the file `path`, for errors. */
export function decodeTableIndex(bytes: Uint8Array, path: string, offset: number): TableIndex {
  const reader = new ByteReader(bytes, path, offset);
  const entryCount = reader.varint();
  const firstId = reader.uint32();
  const lastId = reader.uint32();
  const firstKey = reader.prefixedBytes();
  const lastKey = reader.prefixedBytes();
  const blocks = reader.varint();
  const separators: Uint8Array[] = [];
  const handles: BlockHandle[] = [];
  let end = 0;
  for (let i = 0; i < blocks; i++) {
    separators.push(reader.prefixedBytes());
    const size = reader.varint();
    handles.push({ offset: end, size });
    end += size;
  }
  reader.expectEnd();
  return { entryCount, firstId, lastId, firstKey, lastKey, separators, handles };
}

/** How many blocks from the first to the last that can hold keys of the range, less one. */
export function blocksAcross(index: TableIndex, { from, to }: KeyRange): number {
  return blockOf(index, to) - blockOf(index, from);
}

/** The one block that can hold `key`, or the first key after it begins the next block. */
export function blockOf(index: TableIndex, key: Uint8Array): number {
  let low = 0;
  let high = index.separators.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (compareKeys(index.separators[middle]!, key) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}
