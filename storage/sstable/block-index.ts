// The block index: where the blocks of a table are, and what each can hold. Columns of varints,
// field by field.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { TABLE_BLOCKS_MAX } from '../limits.ts';
import { lowerBound } from './block.ts';
import { type BlockHandle, CHECKSUM_BYTES, MAGIC_BYTES } from './format.ts';

/** What a block holds. */
export interface BlockSummary {
  readonly firstSeries: number;
  readonly lastSeries: number;
  /** First and last timestamp that occurs; both included. */
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly pointCount: number;
}

export interface BlockInfo extends BlockSummary {
  readonly handle: BlockHandle;
}

/** Blocks follow each other from the magic on, so their sizes say where they are. */
export function encodeBlockIndex(blocks: readonly BlockInfo[]): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(blocks.length);
  for (const block of blocks) writer.varint(block.handle.size);
  let before = 0;
  for (const block of blocks) {
    writer.varint(block.firstSeries - before);
    writer.varint(block.lastSeries - block.firstSeries);
    before = block.lastSeries;
  }
  for (const block of blocks) writer.varint(block.pointCount);
  for (const block of blocks) {
    writer.float64(block.minTimestampMs);
    writer.float64(block.maxTimestampMs);
  }
  return writer.copy();
}

export function decodeBlockIndex(content: Uint8Array, path: string, offset: number): BlockInfo[] {
  const reader = new ByteReader(content, path, offset);
  const count = reader.varint();
  if (count >= TABLE_BLOCKS_MAX || count * 4 > content.length)
    throw reader.corrupt('too many blocks');
  const handles: BlockHandle[] = [];
  let next = MAGIC_BYTES;
  for (let b = 0; b < count; b++) {
    const size = reader.varint();
    if (size < CHECKSUM_BYTES) throw reader.corrupt(`a block of ${size} B is too small`);
    handles.push({ offset: next, size });
    next += size;
  }
  const firsts = new Float64Array(count);
  const lasts = new Float64Array(count);
  let before = 0;
  for (let b = 0; b < count; b++) {
    firsts[b] = before + reader.varint();
    before = firsts[b]! + reader.varint();
    lasts[b] = before;
  }
  const points = Float64Array.from({ length: count }, () => reader.varint());
  const blocks = handles.map((handle, b) => ({
    handle,
    firstSeries: firsts[b]!,
    lastSeries: lasts[b]!,
    pointCount: points[b]!,
    minTimestampMs: reader.float64(),
    maxTimestampMs: reader.float64(),
  }));
  reader.expectEnd();
  return blocks;
}

/**
 * Indexes, ascending, of the blocks that can hold a point of one of `ids` (ascending too) with
 * startMs <= t < endMs.
 */
export function blocksFor(
  blocks: readonly BlockInfo[],
  ids: Uint32Array,
  startMs: number,
  endMs: number,
): number[] {
  const found: number[] = [];
  for (let b = 0; b < blocks.length; b++) {
    const { firstSeries, lastSeries, minTimestampMs, maxTimestampMs } = blocks[b]!;
    if (maxTimestampMs < startMs || minTimestampMs >= endMs) continue;
    const at = lowerBound(ids, firstSeries);
    if (at < ids.length && ids[at]! <= lastSeries) found.push(b);
  }
  return found;
}
