// The points of a block as readers take them, chunk by chunk: decoded each time, or kept decoded.

import { decodeColumn } from '../coding/column-reader.ts';
import type { BlockContent } from '../slice-types.ts';
import { type Block, decodeTimes, openContent } from './block.ts';
import { createDecoded, isSettled, openDecoded, settleChunk, UNKNOWN } from './decoded-block.ts';

export interface PointBlock {
  /** What another thread opens it from. */
  readonly content: BlockContent;
  /** By chunk, ascending. */
  readonly ids: Uint32Array;
  /** By chunk, its points. */
  readonly counts: Uint32Array;
  /** Whether the values of a chunk are kept decoded. */
  isDecoded(chunk: number): boolean;
  /** The same array for all chunks that share their timestamps. */
  timesOf(chunk: number): Float64Array;
  /**
   * Puts the values of points [first, end) into `into`, and tells what is known of all that the
   * chunk has: see decoded-block.ts.
   */
  readValues(chunk: number, first: number, end: number, into: Float64Array): number;
}

export function openPoints(content: BlockContent): PointBlock {
  const { decoded } = content;
  if (decoded === undefined) return pointsOf(openContent(content));
  let block: Block | undefined;
  return decodedPoints(content, decoded, () => {
    block ??= openContent(content);
    return block;
  });
}

/** The block with its values kept once they are decoded. */
export function keepDecoded(block: Block): PointBlock {
  const decoded = createDecoded(block);
  return decodedPoints({ ...block.content, decoded }, decoded, () => block);
}

/** Chunks that are not read as a whole are decoded here first. */
let wholeChunk = new Float64Array(0);

export function pointsOf(block: Block): PointBlock {
  const { content, ids, values } = block;
  return {
    content,
    ids,
    counts: values.counts,
    isDecoded: () => false,
    timesOf: (chunk) => decodeTimes(block, chunk),
    readValues(chunk, first, end, into) {
      const count = values.counts[chunk]!;
      if (end - first === count) decodeColumn(values, chunk, into);
      else {
        if (wholeChunk.length < count) wholeChunk = new Float64Array(count);
        const whole = decodeColumn(values, chunk, wholeChunk.subarray(0, count));
        into.set(whole.subarray(first, end));
      }
      return UNKNOWN;
    },
  };
}

function decodedPoints(
  content: BlockContent,
  space: SharedArrayBuffer,
  open: () => Block,
): PointBlock {
  const decoded = openDecoded(space);
  const { ids, counts, times, timeColumns, values, starts } = decoded;
  const encoded = () => open().values;
  return {
    content,
    ids,
    counts,
    isDecoded: (chunk) => isSettled(decoded, chunk),
    timesOf: (chunk) => times[timeColumns[chunk]!]!,
    readValues(chunk, first, end, into) {
      const known = settleChunk(decoded, encoded, chunk);
      if (known === undefined) return pointsOf(open()).readValues(chunk, first, end, into);
      const start = starts[chunk]!;
      into.set(values.subarray(start + first, start + end));
      return known;
    },
  };
}
