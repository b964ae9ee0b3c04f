// Turns points in the order of (series id, time) into the encoded blocks of one table.

import { assert } from '../assert.ts';
import { appendChunk, createChunkWriter, resetChunkWriter } from '../coding/chunk.ts';
import {
  BLOCK_CHUNKS_MAX,
  BLOCK_POINTS_MAX,
  BLOCK_STREAM_BYTES,
  CHUNK_POINTS_MAX,
} from '../limits.ts';
import type { SeriesId } from '../series/labels.ts';
import { encodeBlock } from './block.ts';
import type { BlockSummary } from './block-index.ts';
import type { TableWindow } from './format.ts';

/** A block before it has its place in a file. */
export interface EncodedBlock<Summary extends BlockSummary = BlockSummary> {
  readonly bytes: Uint8Array;
  readonly summary: Summary;
}

export interface BlockBuilder {
  /**
   * Adds the points [from, to) of one series, strictly ascending in time. Ids ascend; a series may
   * be added in pieces, one right after the other.
   */
  add(
    id: SeriesId,
    timestampsMs: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
  ): void;
  /** Ends the block that is not full yet, if it has any points. */
  finishBlock(): void;
  /** Blocks finished since the last call, in their order. */
  drain(): EncodedBlock[];
}

export function createBlockBuilder({ windowStartMs, windowEndMs }: TableWindow): BlockBuilder {
  const chunks = createChunkWriter();
  let finished: EncodedBlock[] = [];
  let lastId = 0;
  let lastTimestampMs = Number.NEGATIVE_INFINITY;

  function finishBlock(): void {
    if (chunks.count === 0) return;
    const summary = {
      firstSeries: chunks.ids[0]!,
      lastSeries: chunks.ids[chunks.count - 1]!,
      minTimestampMs: chunks.minTimestampMs,
      maxTimestampMs: chunks.maxTimestampMs,
      pointCount: chunks.points,
    };
    finished.push({ bytes: encodeBlock(chunks), summary });
    resetChunkWriter(chunks);
  }

  function isFull(): boolean {
    return (
      chunks.times.streamBytes + chunks.values.streamBytes >= BLOCK_STREAM_BYTES ||
      chunks.points >= BLOCK_POINTS_MAX ||
      chunks.count === BLOCK_CHUNKS_MAX
    );
  }

  return {
    add(id, timestampsMs, values, from, to) {
      if (from === to) return;
      assert(id >= lastId && id > 0, 'series ids ascend');
      if (id > lastId) lastTimestampMs = Number.NEGATIVE_INFINITY;
      assert(timestampsMs[from]! > lastTimestampMs, 'pieces of a series are in the order of time');
      assert(timestampsMs[from]! >= windowStartMs, 'points lie in the window');
      assert(timestampsMs[to - 1]! < windowEndMs, 'points lie in the window');
      lastId = id;
      lastTimestampMs = timestampsMs[to - 1]!;
      for (let at = from; at < to; at += CHUNK_POINTS_MAX) {
        const end = Math.min(to, at + CHUNK_POINTS_MAX);
        appendChunk(chunks, id, timestampsMs.subarray(at, end), values.subarray(at, end));
        if (isFull()) finishBlock();
      }
    },
    finishBlock,
    drain() {
      const blocks = finished;
      finished = [];
      return blocks;
    },
  };
}
