// A block that is read again and again, decoded, in memory that threads share:
//
//   counts        uint32 x 4: chunks, columns of timestamps, their points, padding
//   values        float64 x points of all chunks, one chunk behind the other
//   timestamps    float64 x points of all columns of them, likewise
//   directory     uint32 x chunks, three times: ids, columns of timestamps, counts of points
//                 uint32 x columns of timestamps: counts of points
//   states        int32 x chunks: whether the values are there, and what is known of them
//
// All but values and states is there from the start. Whoever needs the values of a chunk first
// decodes them, on whichever thread, and the others find it done.

import { type ColumnList, decodeColumn } from '../coding/column-reader.ts';
import { type Block, decodeTimesOf } from './block.ts';

const HEADER_WORDS = 4;

/** States of a chunk; to DONE, what is known of its values is added. */
const RAW = 0;
const CLAIMED = 1;
const DONE = 2;

/** What is known of values; more implies less. Nobody has looked, or one may be NaN ... */
export const UNKNOWN = 0;
/** ... none is NaN ... */
export const NUMBERS = 1;
/** ... and none is below the one before it. */
export const RISING = 2;

export interface DecodedBlock {
  readonly ids: Uint32Array;
  readonly timeColumns: Uint32Array;
  readonly counts: Uint32Array;
  readonly times: readonly Float64Array[];
  readonly values: Float64Array;
  /** By chunk, where its values begin. */
  readonly starts: Uint32Array;
  readonly states: Int32Array;
}

/** Memory that the block takes once it is decoded. */
export function decodedBytes({ ids, times, pointCount }: Block): number {
  const words = HEADER_WORDS + 4 * ids.length + times.counts.length;
  return 8 * (pointCount + total(times.counts)) + 4 * words;
}

/** With no values decoded yet. */
export function createDecoded(block: Block): SharedArrayBuffer {
  const { ids, timeColumns, times, values } = block;
  const space = new SharedArrayBuffer(decodedBytes(block));
  const timePoints = total(times.counts);
  new Uint32Array(space).set([ids.length, times.counts.length, timePoints]);
  const layout = layoutOf(space);
  layout.ids.set(ids);
  layout.timeColumns.set(timeColumns);
  layout.counts.set(values.counts);
  layout.timeCounts.set(times.counts);
  let at = 0;
  for (let t = 0; t < times.counts.length; t++) {
    layout.times.set(decodeTimesOf(block, t), at);
    at += times.counts[t]!;
  }
  return space;
}

export function openDecoded(space: SharedArrayBuffer): DecodedBlock {
  const { times, timeCounts, ...layout } = layoutOf(space);
  const starts = startsOf(layout.counts);
  const timeStarts = startsOf(timeCounts);
  const columns = Array.from(timeStarts, (start, t) =>
    times.subarray(start, start + timeCounts[t]!),
  );
  return { ...layout, starts, times: columns };
}

function layoutOf(space: SharedArrayBuffer) {
  const [chunks, timeColumns, timePoints] = new Uint32Array(space, 0, HEADER_WORDS) as unknown as [
    number,
    number,
    number,
  ];
  const words = HEADER_WORDS + 4 * chunks + timeColumns;
  const points = (space.byteLength - 4 * words) / 8 - timePoints;
  let offset = 4 * HEADER_WORDS;
  const floats = (count: number) => {
    offset += 8 * count;
    return new Float64Array(space, offset - 8 * count, count);
  };
  const integers = (count: number) => {
    offset += 4 * count;
    return new Uint32Array(space, offset - 4 * count, count);
  };
  return {
    values: floats(points),
    times: floats(timePoints),
    ids: integers(chunks),
    timeColumns: integers(chunks),
    counts: integers(chunks),
    timeCounts: integers(timeColumns),
    states: new Int32Array(space, offset, chunks),
  };
}

function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function startsOf(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length);
  for (let i = 1; i < counts.length; i++) starts[i] = starts[i - 1]! + counts[i - 1]!;
  return starts;
}

/**
 * What is known of the values of a chunk, which are there after this; undefined while another
 * thread decodes them, for which nobody waits. `encoded` gives the columns that they come from.
 */
export function settleChunk(
  { states, values, starts, counts }: DecodedBlock,
  encoded: () => ColumnList,
  chunk: number,
): number | undefined {
  const state = Atomics.load(states, chunk);
  if (state >= DONE) return state - DONE;
  if (Atomics.compareExchange(states, chunk, RAW, CLAIMED) !== RAW) return undefined;
  const start = starts[chunk]!;
  const column = decodeColumn(encoded(), chunk, values.subarray(start, start + counts[chunk]!));
  const known = knownOf(column);
  Atomics.store(states, chunk, DONE + known);
  return known;
}

export function isSettled({ states }: DecodedBlock, chunk: number): boolean {
  return Atomics.load(states, chunk) >= DONE;
}

function knownOf(column: Float64Array): number {
  if (isRising(column)) return RISING;
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i]!;
  // Infinities of both signs say that there might be one.
  return Number.isNaN(sum) ? UNKNOWN : NUMBERS;
}

function isRising(column: Float64Array): boolean {
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    if (!(value >= before)) return false;
    before = value;
  }
  return true;
}
