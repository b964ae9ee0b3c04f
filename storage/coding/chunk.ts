// Chunks: points of one series, a column of timestamps and a column of values each. Series that
// are scraped or sent together share their timestamps, so a chunk refers to a column of them:
// one that chunks before it in the same list may have brought.

import { assert } from '../assert.ts';
import { BLOCK_CHUNKS_MAX, CHUNK_POINTS_MAX } from '../limits.ts';
import {
  appendTimestamps,
  appendValues,
  type ColumnWriter,
  createColumnWriter,
  resetColumnWriter,
} from './column-writer.ts';

/** Chunks being encoded, in the order of their series ids. */
export interface ChunkWriter {
  count: number;
  points: number;
  minTimestampMs: number;
  maxTimestampMs: number;
  readonly ids: Uint32Array;
  /** By chunk, the index of its column of timestamps. */
  readonly timeColumns: Uint32Array;
  /** By column of timestamps, its points. */
  readonly timeCounts: Uint32Array;
  readonly times: ColumnWriter;
  readonly values: ColumnWriter;
  /** The last columns of timestamps, to be found again. */
  readonly recentTimes: { column: number; readonly timestampsMs: Float64Array }[];
}

/** Columns of timestamps that a chunk is compared with. */
const RECENT_TIMES = 2;

export function createChunkWriter(): ChunkWriter {
  return {
    count: 0,
    points: 0,
    minTimestampMs: Number.POSITIVE_INFINITY,
    maxTimestampMs: Number.NEGATIVE_INFINITY,
    ids: new Uint32Array(BLOCK_CHUNKS_MAX),
    timeColumns: new Uint32Array(BLOCK_CHUNKS_MAX),
    timeCounts: new Uint32Array(BLOCK_CHUNKS_MAX),
    times: createColumnWriter(BLOCK_CHUNKS_MAX),
    values: createColumnWriter(BLOCK_CHUNKS_MAX),
    recentTimes: Array.from({ length: RECENT_TIMES }, () => ({
      column: -1,
      timestampsMs: new Float64Array(CHUNK_POINTS_MAX),
    })),
  };
}

export function resetChunkWriter(writer: ChunkWriter): void {
  writer.count = 0;
  writer.points = 0;
  writer.minTimestampMs = Number.POSITIVE_INFINITY;
  writer.maxTimestampMs = Number.NEGATIVE_INFINITY;
  resetColumnWriter(writer.times);
  resetColumnWriter(writer.values);
  for (const recent of writer.recentTimes) recent.column = -1;
}

/**
 * Appends a chunk: columns of the same length, 1 .. CHUNK_POINTS_MAX, timestamps strictly
 * ascending. Ids ascend from chunk to chunk; those of one series are in the order of time.
 */
export function appendChunk(
  writer: ChunkWriter,
  id: number,
  timestampsMs: Float64Array,
  values: Float64Array,
): void {
  const count = timestampsMs.length;
  assert(count > 0 && count <= CHUNK_POINTS_MAX, 'a chunk has 1 .. CHUNK_POINTS_MAX points');
  assert(count === values.length, 'columns of a chunk have the same length');
  const k = writer.count++;
  assert(k < BLOCK_CHUNKS_MAX, 'a block has room for a chunk');
  assert(k === 0 || id >= writer.ids[k - 1]!, 'series ids ascend');
  writer.ids[k] = id;
  writer.timeColumns[k] = findTimes(writer, timestampsMs) ?? addTimes(writer, timestampsMs);
  appendValues(writer.values, values);
  writer.points += count;
  writer.minTimestampMs = Math.min(writer.minTimestampMs, timestampsMs[0]!);
  writer.maxTimestampMs = Math.max(writer.maxTimestampMs, timestampsMs[count - 1]!);
}

function findTimes(writer: ChunkWriter, timestampsMs: Float64Array): number | undefined {
  for (const recent of writer.recentTimes) {
    if (recent.column < 0 || writer.timeCounts[recent.column] !== timestampsMs.length) continue;
    if (isSameColumn(recent.timestampsMs, timestampsMs)) return recent.column;
  }
  return undefined;
}

function isSameColumn(recent: Float64Array, column: Float64Array): boolean {
  // The last timestamp first: where columns differ, it mostly does.
  for (let i = column.length - 1; i >= 0; i--) if (recent[i] !== column[i]) return false;
  return true;
}

function addTimes(writer: ChunkWriter, timestampsMs: Float64Array): number {
  const column = writer.times.forms.count;
  appendTimestamps(writer.times, timestampsMs);
  writer.timeCounts[column] = timestampsMs.length;
  const recent = writer.recentTimes[column % RECENT_TIMES]!;
  recent.column = column;
  recent.timestampsMs.set(timestampsMs);
  return column;
}
