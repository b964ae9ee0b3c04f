// Turns events in their order into the encoded blocks of one table: times as points whose values
// are the nanoseconds, texts as columns.

import { assert } from '../assert.ts';
import { bytesAt } from '../coding/byte-column.ts';
import { appendChunk, createChunkWriter, resetChunkWriter } from '../coding/chunk.ts';
import type { EventBatch } from '../event-types.ts';
import {
  BLOCK_CHUNKS_MAX,
  BLOCK_POINTS_MAX,
  CHUNK_POINTS_MAX,
  EVENT_BLOCK_BYTES,
} from '../limits.ts';
import { encodeBlock } from '../sstable/block.ts';
import type { EncodedBlock } from '../sstable/block-builder.ts';
import type { TableWindow } from '../sstable/format.ts';
import type { EventBlockSummary } from './format.ts';
import { createTextWriter } from './text-writer.ts';

export type EncodedEventBlock = EncodedBlock<EventBlockSummary>;

export interface EventBlockBuilder {
  /** Adds an event; they come in their order, none twice. */
  add(columns: EventBatch, position: number): void;
  /** Ends the block that is not full yet, if it has any events. */
  finishBlock(): void;
  /** Blocks finished since the last call, in their order. */
  drain(): EncodedEventBlock[];
}

export function createEventBlockBuilder(window: TableWindow): EventBlockBuilder {
  const chunks = createChunkWriter();
  const text = createTextWriter();
  /** Times of the events of `id` that are not in a chunk yet. */
  const timestampsMs = new Float64Array(CHUNK_POINTS_MAX);
  const nanos = new Float64Array(CHUNK_POINTS_MAX);
  let pending = 0;
  let id = 0;
  let firstMs = 0;
  let finished: EncodedEventBlock[] = [];

  function finishChunk(): void {
    if (pending === 0) return;
    appendChunk(chunks, id, timestampsMs.subarray(0, pending), nanos.subarray(0, pending));
    pending = 0;
  }

  function finishBlock(): void {
    const lastMs = timestampsMs[pending - 1] ?? 0;
    finishChunk();
    if (chunks.count === 0) return;
    assert(chunks.points === text.count, 'every event has a time and a text');
    const times = encodeBlock(chunks);
    const texts = text.finish();
    const bytes = new Uint8Array(times.length + texts.length);
    bytes.set(times);
    bytes.set(texts, times.length);
    const summary: EventBlockSummary = {
      firstSeries: chunks.ids[0]!,
      lastSeries: chunks.ids[chunks.count - 1]!,
      minTimestampMs: chunks.minTimestampMs,
      maxTimestampMs: chunks.maxTimestampMs,
      pointCount: chunks.points,
      timesSize: times.length,
      firstMs,
      lastMs,
    };
    finished.push({ bytes, summary });
    resetChunkWriter(chunks);
  }

  function isFull(): boolean {
    const isLong = text.bytes >= EVENT_BLOCK_BYTES || text.count >= BLOCK_POINTS_MAX;
    return isLong || chunks.count >= BLOCK_CHUNKS_MAX - 1;
  }

  return {
    add(columns, position) {
      const timestampMs = columns.timestampsMs[position]!;
      assert(columns.ids[position]! >= id, 'stream ids ascend');
      assert(timestampMs >= window.windowStartMs, 'events lie in the window');
      assert(timestampMs < window.windowEndMs, 'events lie in the window');
      if (columns.ids[position] !== id || pending === CHUNK_POINTS_MAX) finishChunk();
      id = columns.ids[position]!;
      if (text.count === 0) firstMs = timestampMs;
      timestampsMs[pending] = timestampMs;
      nanos[pending++] = columns.nanos[position]!;
      text.add(bytesAt(columns.bodies, position), bytesAt(columns.attributes, position));
      if (isFull()) finishBlock();
    },
    finishBlock,
    drain() {
      const blocks = finished;
      finished = [];
      return blocks;
    },
  };
}
