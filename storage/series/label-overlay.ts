// Puts labels over those of a series, as canonical bytes: without making text of any.

import type { Labels } from './labels.ts';
import { encodeLabels, textEnd } from './labels-codec.ts';

const CAPACITY_START = 1024;

/** Canonical bytes of a label set in a buffer that is used again: good until the next ones. */
export interface LabelsBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/**
 * What canonical bytes become when the series gets `labels`, which are canonical, in place of those
 * of the same names.
 */
export function createLabelsOverlay(
  labels: Labels,
): (bytes: Uint8Array, length: number) => LabelsBytes {
  const own = labels.map((label) => encodeLabels([label]));
  const ownBytes = own.reduce((sum, { length }) => sum + length, 0);
  let merged = new Uint8Array(CAPACITY_START);
  return (bytes, length) => {
    if (merged.length < length + ownBytes) merged = new Uint8Array(2 * (length + ownBytes));
    let end = 0;
    let next = 0;
    const put = (source: Uint8Array, from: number, to: number) => {
      for (let at = from; at < to; at++) merged[end++] = source[at]!;
    };
    const putNext = () => put(own[next]!, 0, own[next++]!.length);
    for (let from = 0; from < length; ) {
      const to = textEnd(bytes, textEnd(bytes, from));
      const order = () => (next < own.length ? compareNames(own[next]!, 0, bytes, from) : 1);
      while (order() < 0) putNext();
      if (order() === 0) putNext();
      else put(bytes, from, to);
      from = to;
    }
    while (next < own.length) putNext();
    return { bytes: merged, length: end };
  };
}

/** Order of the names of two labels, that begin at `aFrom` and `bFrom`. */
function compareNames(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): number {
  const [aEnd, bEnd] = [textEnd(a, aFrom), textEnd(b, bFrom)];
  let [aAt, bAt] = [textStart(a, aFrom), textStart(b, bFrom)];
  while (aAt < aEnd && bAt < bEnd) {
    const order = a[aAt++]! - b[bAt++]!;
    if (order !== 0) return order;
  }
  return aEnd - aAt - (bEnd - bAt);
}

/** Where the text behind a length that begins at `from` begins itself. */
function textStart(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= 0x80) at++;
  return at + 1;
}
