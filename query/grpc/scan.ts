// ScanRange: raw points as columns, a series' definition before its first point.

import type { SeriesPoints } from '../../storage/index.ts';
import { encodeScanResponse, type WireScan } from './encode.ts';

/** Points of one message: about 200 KB, far below what a client accepts unasked (4 MiB). */
const MESSAGE_POINTS_MAX = 10_000;

/** A stretch of one series that goes into the next message. */
interface Piece {
  readonly ref: number;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** Encoded ScanRangeResponses; refs count up from 1. */
export async function* scanMessages(
  batches: AsyncIterable<readonly SeriesPoints[]>,
): AsyncGenerator<Uint8Array> {
  let definitions: WireScan['definitions'][number][] = [];
  let pieces: Piece[] = [];
  let points = 0;
  let ref = 0;

  function flush(): Uint8Array {
    const message = encodeScanResponse({ definitions, ...columnsOf(pieces, points) });
    definitions = [];
    pieces = [];
    points = 0;
    return message;
  }

  for await (const batch of batches) {
    for (const { labels, timestampsMs, values } of batch) {
      definitions.push({ ref: ++ref, labels });
      for (let from = 0; from < values.length; ) {
        const to = Math.min(values.length, from + MESSAGE_POINTS_MAX - points);
        pieces.push({
          ref,
          timestampsMs: timestampsMs.subarray(from, to),
          values: values.subarray(from, to),
        });
        points += to - from;
        from = to;
        if (points === MESSAGE_POINTS_MAX) yield flush();
      }
    }
  }
  if (points > 0) yield flush();
}

function columnsOf(pieces: readonly Piece[], points: number): Omit<WireScan, 'definitions'> {
  const refs = new Uint32Array(points);
  const timestampsMs = new Float64Array(points);
  const values = new Float64Array(points);
  let at = 0;
  for (const piece of pieces) {
    refs.fill(piece.ref, at, at + piece.values.length);
    timestampsMs.set(piece.timestampsMs, at);
    values.set(piece.values, at);
    at += piece.values.length;
  }
  return { refs, timestampsMs, values };
}
