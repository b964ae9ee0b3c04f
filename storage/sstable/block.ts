// One block of an SSTable: chunks of consecutive series, decompressed and checked as one piece.
//
//   frames        the directory, the streams of timestamps, those of values, and the two lists of
//                 exceptions: see frames.ts
//
// A decompressed block keeps its streams in one buffer and decodes single chunks from them.

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import type { ChunkWriter } from '../coding/chunk.ts';
import { readColumnForms, writeColumnForms } from '../coding/column-forms.ts';
import { type ColumnList, decodeColumn, openColumnList } from '../coding/column-reader.ts';
import { STREAM_COUNT } from '../coding/planes.ts';
import { compressFrame } from '../coding/zstd.ts';
import { BLOCK_CHUNKS_MAX, CHUNK_POINTS_MAX } from '../limits.ts';
import type { SeriesId } from '../series/labels.ts';
import type { BlockContent } from '../slice-types.ts';
import { encodeFrames, openFrames, spansOf } from './frames.ts';

/** Frames of a block: directory, streams of timestamps and of values, exceptions of both. */
const FRAME_COUNT = 1 + 2 * STREAM_COUNT + 2;
const TIME_STREAMS = 1;
const VALUE_STREAMS = TIME_STREAMS + STREAM_COUNT;
const EXCEPTIONS = VALUE_STREAMS + STREAM_COUNT;

/** Forms and offsets of a chunk in a decompressed block, about. */
const CHUNK_MEMORY_BYTES = 100;

/** A decompressed block. */
export interface Block {
  readonly content: BlockContent;
  /** By chunk, ascending; a series with more points than a chunk takes has several. */
  readonly ids: Uint32Array;
  readonly timeColumns: Uint32Array;
  readonly times: ColumnList;
  readonly values: ColumnList;
  /** Columns of timestamps decoded so far. */
  readonly decodedTimes: (Float64Array | undefined)[];
  readonly pointCount: number;
  /** Memory taken, about. */
  readonly sizeBytes: number;
}

/** One chunk's points; the timestamps may be shared with other chunks, so nobody changes them. */
export interface DecodedChunk {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

const directory = new ByteWriter();

/** The bytes of a block with the chunks of `chunks`. */
export function encodeBlock(chunks: ChunkWriter): Uint8Array {
  writeDirectory(chunks);
  const sources = [
    directory.view(),
    ...streamViews(chunks.times.streams),
    ...streamViews(chunks.values.streams),
    chunks.times.exceptions.view(),
    chunks.values.exceptions.view(),
  ];
  return encodeFrames(sources, compressFrame);
}

function streamViews(streams: { buffers: Uint8Array[]; lengths: Uint32Array }): Uint8Array[] {
  return streams.buffers.map((buffer, stream) => buffer.subarray(0, streams.lengths[stream]));
}

function writeDirectory(chunks: ChunkWriter): void {
  const { count, ids, timeColumns, timeCounts, times, values } = chunks;
  directory.reset();
  directory.varint(count);
  directory.varint(times.forms.count);
  for (let k = 0; k < count; k++) directory.varint(ids[k]! - (k > 0 ? ids[k - 1]! : 0));
  let known = 0;
  for (let k = 0; k < count; k++) {
    directory.varint(known - timeColumns[k]!);
    if (timeColumns[k] === known) known++;
  }
  for (let t = 0; t < times.forms.count; t++) directory.varint(timeCounts[t]!);
  writeColumnForms(directory, times.forms);
  writeColumnForms(directory, values.forms);
}

/** Checks and decompresses the bytes of a block, which lie at `offset` of `path`. */
export function openBlock(bytes: Uint8Array, path: string, offset: number): Block {
  return openContent({ ...openFrames(bytes, FRAME_COUNT, path, offset), path, offset });
}

/** The block whose frames were decompressed before, perhaps on another thread. */
export function openContent(source: BlockContent): Block {
  const { bytes: content, path, offset } = source;
  const spans = spansOf(source.frameLengths);
  const reader = new ByteReader(content.subarray(0, spans[0]!.length), path, offset);
  const count = reader.varint();
  const timeCount = reader.varint();
  if (count > BLOCK_CHUNKS_MAX || timeCount > count) throw reader.corrupt('too many chunks');
  const ids = new Uint32Array(count);
  const timeColumns = new Uint32Array(count);
  const timeCounts = new Uint32Array(timeCount);
  for (let k = 0; k < count; k++) ids[k] = reader.varint() + (k > 0 ? ids[k - 1]! : 0);
  let known = 0;
  for (let k = 0; k < count; k++) {
    const back = reader.varint();
    if (back > known) throw reader.corrupt('no such timestamps');
    timeColumns[k] = known - back;
    if (back === 0) known++;
  }
  if (known !== timeCount) throw reader.corrupt('timestamps of no chunk');
  for (let t = 0; t < timeCount; t++) timeCounts[t] = reader.varint();
  if (timeCounts.some((points) => points === 0 || points > CHUNK_POINTS_MAX)) {
    throw reader.corrupt('a chunk has 1 .. CHUNK_POINTS_MAX points');
  }
  const valueCounts = timeColumns.map((t) => timeCounts[t]!);
  const timeForms = readColumnForms(reader, timeCount);
  const valueForms = readColumnForms(reader, count);
  reader.expectEnd();
  const streams = (first: number) => spans.slice(first, first + STREAM_COUNT);
  const times = openColumnList(
    timeForms,
    timeCounts,
    content,
    streams(TIME_STREAMS),
    spans[EXCEPTIONS]!,
    path,
    offset,
  );
  const values = openColumnList(
    valueForms,
    valueCounts,
    content,
    streams(VALUE_STREAMS),
    spans[EXCEPTIONS + 1]!,
    path,
    offset,
  );
  return {
    content: source,
    ids,
    timeColumns,
    times,
    values,
    decodedTimes: new Array<Float64Array | undefined>(timeCount),
    pointCount: valueCounts.reduce((sum, points) => sum + points, 0),
    sizeBytes: memoryBytes(content.length, valueCounts, timeCounts),
  };
}

/** Forms and offsets, and the timestamps once they are decoded. */
function memoryBytes(contentBytes: number, chunks: Uint32Array, timeCounts: Uint32Array): number {
  const decodedTimes = timeCounts.reduce((sum, points) => sum + points, 0) * 8;
  return contentBytes + chunks.length * CHUNK_MEMORY_BYTES + decodedTimes;
}

/** Chunks [from, to) are those of series `id`. */
export function chunksOf(
  { ids }: Pick<Block, 'ids'>,
  id: SeriesId,
): { readonly from: number; readonly to: number } {
  const from = lowerBound(ids, id);
  let to = from;
  while (to < ids.length && ids[to] === id) to++;
  return { from, to };
}

/** The first position in ascending `ids` whose id is not below `id`. */
export function lowerBound(ids: Uint32Array, id: SeriesId): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function decodeChunk(block: Block, chunk: number): DecodedChunk {
  return { timestampsMs: decodeTimes(block, chunk), values: decodeColumn(block.values, chunk) };
}

/** The timestamps of a chunk: the same array for all chunks that share them. */
export function decodeTimes(block: Block, chunk: number): Float64Array {
  return decodeTimesOf(block, block.timeColumns[chunk]!);
}

/** The column `t` of timestamps. */
export function decodeTimesOf(block: Block, t: number): Float64Array {
  const decoded = block.decodedTimes[t];
  if (decoded !== undefined) return decoded;
  const timestampsMs = decodeColumn(block.times, t);
  block.decodedTimes[t] = timestampsMs;
  return timestampsMs;
}
