// What a table of events adds to what all tables have (sstable/format.ts): each block is a block of
// points, which are the times of its events, and behind it their text.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { TABLE_BLOCKS_MAX } from '../limits.ts';
import {
  type BlockInfo,
  type BlockSummary,
  decodeBlockIndex,
  encodeBlockIndex,
} from '../sstable/block-index.ts';
import { type BlockHandle, CHECKSUM_BYTES } from '../sstable/format.ts';
import { encodeTail, type TableTail, type TableTailInput } from '../sstable/tail.ts';

export interface EventBlockSummary extends BlockSummary {
  /** Bytes of the times; the text follows. */
  readonly timesSize: number;
  /** Of the first event of the first stream, and of the last one of the last. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface EventBlockInfo extends EventBlockSummary {
  readonly handle: BlockHandle;
}

export function timesHandle({ handle, timesSize }: EventBlockInfo): BlockHandle {
  return { offset: handle.offset, size: timesSize };
}

export function textHandle({ handle, timesSize }: EventBlockInfo): BlockHandle {
  return { offset: handle.offset + timesSize, size: handle.size - timesSize };
}

export interface EventTableTailInput extends TableTailInput {
  readonly blocks: readonly EventBlockInfo[];
}

export function encodeEventTableTail(input: EventTableTailInput): TableTail {
  return encodeTail(input, 'events', encodeEventIndex(input.blocks));
}

/** The block index of any table, and behind it what only events have. */
function encodeEventIndex(blocks: readonly EventBlockInfo[]): Uint8Array {
  const writer = new ByteWriter();
  writer.prefixedBytes(encodeBlockIndex(blocks));
  for (const block of blocks) writer.varint(block.timesSize);
  for (const block of blocks) {
    writer.float64(block.firstMs);
    writer.float64(block.lastMs);
  }
  return writer.copy();
}

export function decodeEventIndex(
  content: Uint8Array,
  path: string,
  offset: number,
): EventBlockInfo[] {
  const reader = new ByteReader(content, path, offset);
  const blocks: BlockInfo[] = decodeBlockIndex(reader.prefixedBytes(), path, offset);
  // In the block cache each counts twice: its times and its text.
  if (2 * blocks.length >= TABLE_BLOCKS_MAX) throw reader.corrupt('too many blocks');
  const timesSizes = blocks.map(({ handle }) => {
    const size = reader.varint();
    if (size < CHECKSUM_BYTES || size + CHECKSUM_BYTES > handle.size) {
      throw reader.corrupt('times and text do not fit their block');
    }
    return size;
  });
  const infos = blocks.map((block, b) => ({
    ...block,
    timesSize: timesSizes[b]!,
    firstMs: reader.float64(),
    lastMs: reader.float64(),
  }));
  reader.expectEnd();
  return infos;
}
