// What follows the blocks of a table: series ids, Bloom filter, block index, footer.

import { assert } from '../assert.ts';
import { type BlockInfo, encodeBlockIndex } from './block-index.ts';
import { addToBloom, createBloomFilter, encodeBloom } from './bloom.ts';
import { encodeFooter, FOOTER_BYTES } from './footer.ts';
import type { BlockHandle, TableKind, TableSummary, TableWindow } from './format.ts';
import { encodeSection } from './section.ts';
import { encodeSeriesSet } from './series-set.ts';

export interface TableTailInput {
  readonly window: TableWindow;
  /** All blocks, in the order of the file; at least one. */
  readonly blocks: readonly BlockInfo[];
  /** Of every series in them, ascending. */
  readonly seriesIds: Uint32Array;
}

export interface TableTail {
  /** In the order of the file, from the end of the last block on. */
  readonly parts: readonly Uint8Array[];
  /** Of the whole table. */
  readonly summary: TableSummary;
}

/** Of the Bloom filter: 10 bits a series. */
const FALSE_POSITIVE_RATE = 0.01;

export function encodeTableTail(input: TableTailInput): TableTail {
  return encodeTail(input, 'points', encodeBlockIndex(input.blocks));
}

/** The same for a table of either kind; `index` is the content of its block index. */
export function encodeTail(
  { window, blocks, seriesIds }: TableTailInput,
  kind: TableKind,
  index: Uint8Array,
): TableTail {
  const last = blocks.at(-1);
  assert(last !== undefined && seriesIds.length > 0, 'a table has points or events');
  const parts: Uint8Array[] = [];
  let sizeBytes = last.handle.offset + last.handle.size;
  const emit = (bytes: Uint8Array): BlockHandle => {
    const handle = { offset: sizeBytes, size: bytes.length };
    parts.push(bytes);
    sizeBytes += bytes.length;
    return handle;
  };
  const filter = createBloomFilter(seriesIds.length, FALSE_POSITIVE_RATE);
  for (const id of seriesIds) addToBloom(filter, id);
  const handles = {
    seriesIds: emit(encodeSection(encodeSeriesSet(seriesIds))),
    bloom: emit(encodeSection(encodeBloom(filter))),
    index: emit(encodeSection(index)),
  };
  const { policyId, windowStartMs, windowEndMs } = window;
  const summary: TableSummary = {
    policyId,
    windowStartMs,
    windowEndMs,
    sizeBytes: sizeBytes + FOOTER_BYTES,
    minTimestampMs: blocks.reduce((min, b) => Math.min(min, b.minTimestampMs), windowEndMs),
    maxTimestampMs: blocks.reduce((max, b) => Math.max(max, b.maxTimestampMs), windowStartMs),
    firstSeries: seriesIds[0]!,
    lastSeries: seriesIds[seriesIds.length - 1]!,
    seriesCount: seriesIds.length,
    pointCount: blocks.reduce((sum, b) => sum + b.pointCount, 0),
  };
  emit(encodeFooter({ summary, ...handles }, kind));
  return { parts, summary };
}
