// Values of a block that were decoded once and are read again, in memory that threads share: the
// values of all chunks one behind the other, then a word of state for each chunk. Whoever needs a
// chunk first decodes it, on whichever thread, and the others find it done.

import { type ColumnList, decodeColumn } from '../coding/column-reader.ts';

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

export interface DecodedValues {
  readonly states: Int32Array;
  readonly values: Float64Array;
  /** By chunk, where its values begin. */
  readonly starts: Uint32Array;
}

/** Memory that the values of chunks with `counts` points take. */
export function decodedBytes(points: number, chunks: number): number {
  return points * Float64Array.BYTES_PER_ELEMENT + chunks * Int32Array.BYTES_PER_ELEMENT;
}

/** `space` has the size that decodedBytes tells, and was empty when it was made. */
export function openDecoded(space: SharedArrayBuffer, counts: Uint32Array): DecodedValues {
  const starts = new Uint32Array(counts.length);
  let points = 0;
  for (let chunk = 0; chunk < counts.length; chunk++) {
    starts[chunk] = points;
    points += counts[chunk]!;
  }
  const values = new Float64Array(space, 0, points);
  return { states: new Int32Array(space, values.byteLength, counts.length), values, starts };
}

/**
 * What is known of the values of a chunk, which are there after this; undefined while another
 * thread decodes them, for which nobody waits.
 */
export function settleChunk(
  { states, values, starts }: DecodedValues,
  list: ColumnList,
  chunk: number,
): number | undefined {
  const state = Atomics.load(states, chunk);
  if (state >= DONE) return state - DONE;
  if (Atomics.compareExchange(states, chunk, RAW, CLAIMED) !== RAW) return undefined;
  const start = starts[chunk]!;
  const column = decodeColumn(list, chunk, values.subarray(start, start + list.counts[chunk]!));
  const known = knownOf(column);
  Atomics.store(states, chunk, DONE + known);
  return known;
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
