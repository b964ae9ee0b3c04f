// Builds the bytes of one SSTable from points in the order of (series id, time). It does no I/O:
// finished bytes are drained by whoever writes the file, so a large merge needs little memory.

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
import { type BlockInfo, encodeBlockIndex } from './block-index.ts';
import { addToBloom, createBloomFilter, encodeBloom } from './bloom.ts';
import { encodeFooter, FOOTER_BYTES } from './footer.ts';
import { type BlockHandle, TABLE_MAGIC, type TableSummary } from './format.ts';
import { encodeSection } from './section.ts';
import { encodeSeriesSet } from './series-set.ts';

export interface TableOptions {
  readonly policyId: number;
  /** All points lie in the window [windowStartMs, windowEndMs). */
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** Of the Bloom filter, within 0 .. 1. Default 0.01: 10 bits a series. */
  readonly falsePositiveRate?: number;
}

export interface TableBuilder {
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
  /** Bytes finished since the last call, in the order of the file. */
  drain(): Uint8Array[];
  /** Finishes the last block and the table; drain() then has the rest of the bytes. */
  finish(): TableSummary;
}

const FALSE_POSITIVE_RATE = 0.01;

export function createTableBuilder(options: TableOptions): TableBuilder {
  const { policyId, windowStartMs, windowEndMs } = options;
  const chunks = createChunkWriter();
  const blocks: BlockInfo[] = [];
  let series = new Uint32Array(1024);
  let seriesCount = 0;
  let pointCount = 0;
  let lastTimestampMs = Number.NEGATIVE_INFINITY;
  let sizeBytes = 0;
  let finished: Uint8Array[] = [];
  let isFinished = false;
  emit(TABLE_MAGIC);

  function emit(bytes: Uint8Array): BlockHandle {
    const handle = { offset: sizeBytes, size: bytes.length };
    finished.push(bytes);
    sizeBytes += bytes.length;
    return handle;
  }

  function finishBlock(): void {
    if (chunks.count === 0) return;
    blocks.push({
      handle: emit(encodeBlock(chunks)),
      firstSeries: chunks.ids[0]!,
      lastSeries: chunks.ids[chunks.count - 1]!,
      minTimestampMs: chunks.minTimestampMs,
      maxTimestampMs: chunks.maxTimestampMs,
      pointCount: chunks.points,
    });
    resetChunkWriter(chunks);
  }

  function noteSeries(id: SeriesId): void {
    const before = seriesCount > 0 ? series[seriesCount - 1]! : 0;
    assert(id >= before && id > 0, 'series ids ascend');
    if (id === before) return;
    if (seriesCount === series.length) {
      const grown = new Uint32Array(seriesCount * 2);
      grown.set(series);
      series = grown;
    }
    series[seriesCount++] = id;
    lastTimestampMs = Number.NEGATIVE_INFINITY;
  }

  function add(
    id: SeriesId,
    timestampsMs: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
  ): void {
    assert(!isFinished, 'a finished table takes no points');
    if (from === to) return;
    noteSeries(id);
    assert(timestampsMs[from]! > lastTimestampMs, 'pieces of a series are in the order of time');
    assert(timestampsMs[from]! >= windowStartMs, 'points lie in the window');
    assert(timestampsMs[to - 1]! < windowEndMs, 'points lie in the window');
    lastTimestampMs = timestampsMs[to - 1]!;
    pointCount += to - from;
    for (let at = from; at < to; at += CHUNK_POINTS_MAX) {
      const end = Math.min(to, at + CHUNK_POINTS_MAX);
      appendChunk(chunks, id, timestampsMs.subarray(at, end), values.subarray(at, end));
      const streamBytes = chunks.times.streamBytes + chunks.values.streamBytes;
      if (
        streamBytes >= BLOCK_STREAM_BYTES ||
        chunks.points >= BLOCK_POINTS_MAX ||
        chunks.count === BLOCK_CHUNKS_MAX
      ) {
        finishBlock();
      }
    }
  }

  function finish(): TableSummary {
    assert(!isFinished, 'a table is finished once');
    assert(pointCount > 0, 'a table has points');
    isFinished = true;
    finishBlock();
    const ids = series.subarray(0, seriesCount);
    const bloom = createBloomFilter(seriesCount, options.falsePositiveRate ?? FALSE_POSITIVE_RATE);
    for (const id of ids) addToBloom(bloom, id);
    const seriesIds = emit(encodeSection(encodeSeriesSet(ids)));
    const bloomHandle = emit(encodeSection(encodeBloom(bloom)));
    const index = emit(encodeSection(encodeBlockIndex(blocks)));
    const summary: TableSummary = {
      policyId,
      windowStartMs,
      windowEndMs,
      sizeBytes: sizeBytes + FOOTER_BYTES,
      minTimestampMs: blocks.reduce((min, b) => Math.min(min, b.minTimestampMs), windowEndMs),
      maxTimestampMs: blocks.reduce((max, b) => Math.max(max, b.maxTimestampMs), windowStartMs),
      firstSeries: ids[0]!,
      lastSeries: ids[seriesCount - 1]!,
      seriesCount,
      pointCount,
    };
    emit(encodeFooter({ summary, seriesIds, bloom: bloomHandle, index }));
    return summary;
  }

  function drain(): Uint8Array[] {
    const bytes = finished;
    finished = [];
    return bytes;
  }

  return { add, drain, finish };
}
