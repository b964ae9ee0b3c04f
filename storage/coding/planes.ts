// Residuals (unsigned integers of 64 bits, small ones most likely) as byte planes: the lowest byte
// of all of them, then the next, and so on. Loops over planes are simple and fast, and each plane
// looks like noise of one kind to the entropy stage.
//
// Planes of one kind share a stream. The kind follows from the column's magnitude, the typical
// number of bits in its residuals: bits far above it are zero (quiet), bits far below it are
// noise, and between them each step of one bit has a stream of its own, because one Huffman
// table serves one distribution.
//
// When the four lowest planes are noise, as in full doubles, those bytes stay together as words: a
// copy of memory reads them. They have a stream too.

import type { Residuals } from './residuals.ts';

/** Kinds of streams: quiet, ten steps of one bit, noise, words. On disk; not to be renumbered. */
export const STREAM_COUNT = 13;
const QUIET = 0;
const NOISE = 11;
const WORDS = 12;

/** From this magnitude on, the fourth plane is noise too. */
const WORDS_MAGNITUDE = 33;

/** A residual of 64 bits has so many planes. */
export const PLANES_MAX = 8;
export const MAGNITUDE_MAX = 64;

/** The stream for plane `plane` of a column of `magnitude`. */
function streamOf(magnitude: number, plane: number): number {
  if (magnitude === 0) return QUIET;
  const kind = magnitude - 8 * plane + 2;
  return Math.max(QUIET, Math.min(kind, NOISE));
}

/** Whether the low words of a column lie as they are in the stream of words. */
function hasWords(magnitude: number, planes: number): boolean {
  return planes > 4 && magnitude >= WORDS_MAGNITUDE;
}

/** Planes that hold residuals whose bits are all in `low` and `high`, the words of a mask. */
export function planesFor(low: number, high: number): number {
  if (high !== 0) return 8 - (Math.clz32(high) >>> 3);
  return 4 - (Math.clz32(low) >>> 3);
}

/** Streams being written: growing buffers, kept from block to block. */
export interface PlaneStreams {
  readonly buffers: Uint8Array[];
  readonly lengths: Uint32Array;
}

export function createPlaneStreams(): PlaneStreams {
  return {
    buffers: Array.from({ length: STREAM_COUNT }, () => new Uint8Array(4096)),
    lengths: new Uint32Array(STREAM_COUNT),
  };
}

/** Appends the planes of `count` residuals, words `low` and, from the fifth plane on, `high`. */
export function appendPlanes(
  streams: PlaneStreams,
  low: Uint32Array,
  high: Uint32Array,
  count: number,
  planes: number,
  magnitude: number,
): void {
  let plane = 0;
  if (hasWords(magnitude, planes)) {
    const bytes = new Uint8Array(low.buffer, low.byteOffset, 4 * count);
    extend(streams, WORDS, bytes.length).set(bytes, streams.lengths[WORDS]! - bytes.length);
    plane = 4;
  }
  for (; plane < planes; plane++) {
    const stream = streamOf(magnitude, plane);
    const buffer = extend(streams, stream, count);
    const start = streams.lengths[stream]! - count;
    writePlane(buffer, start, plane < 4 ? low : high, count, 8 * (plane & 3));
  }
}

/** Makes a stream `count` bytes longer and returns its buffer. */
function extend(streams: PlaneStreams, stream: number, count: number): Uint8Array {
  const length = streams.lengths[stream]! + count;
  streams.lengths[stream] = length;
  const buffer = streams.buffers[stream]!;
  if (length <= buffer.length) return buffer;
  const grown = new Uint8Array(Math.max(length, buffer.length * 2));
  grown.set(buffer);
  streams.buffers[stream] = grown;
  return grown;
}

function writePlane(
  target: Uint8Array,
  start: number,
  words: Uint32Array,
  count: number,
  shift: number,
): void {
  for (let i = 0; i < count; i++) target[start + i] = words[i]! >>> shift;
}

/**
 * Notes in `offsets`, from `first` on, where the planes of the next column begin, and moves the
 * cursors of their streams on.
 */
export function findPlanes(
  cursors: Uint32Array,
  count: number,
  planes: number,
  magnitude: number,
  offsets: Uint32Array,
  first: number,
): void {
  let plane = 0;
  if (hasWords(magnitude, planes)) {
    offsets[first] = cursors[WORDS]!;
    cursors[WORDS]! += 4 * count;
    plane = 4;
  }
  for (; plane < planes; plane++) {
    const stream = streamOf(magnitude, plane);
    offsets[first + plane] = cursors[stream]!;
    cursors[stream]! += count;
  }
}

/** Reads the residuals whose planes begin at `offsets`, from `first` on, in `bytes`. */
export function readResiduals(
  bytes: Uint8Array,
  offsets: Uint32Array,
  first: number,
  planes: number,
  magnitude: number,
  count: number,
  into: Residuals,
): void {
  if (hasWords(magnitude, planes)) {
    const start = offsets[first]!;
    const words = bytes.subarray(start, start + 4 * count);
    new Uint8Array(into.low.buffer, into.low.byteOffset).set(words);
  } else readPlanes(bytes, offsets, first, Math.min(planes, 4), count, into.low);
  readPlanes(bytes, offsets, first + 4, planes - 4, count, into.high);
}

/** Reads at most four planes of `count` bytes into `words`; none are zeros. */
function readPlanes(
  bytes: Uint8Array,
  offsets: Uint32Array,
  first: number,
  planes: number,
  count: number,
  words: Uint32Array,
): void {
  const a = offsets[first]!;
  const b = offsets[first + 1]!;
  const c = offsets[first + 2]!;
  const d = offsets[first + 3]!;
  if (planes <= 0) words.fill(0, 0, count);
  else if (planes === 1) for (let i = 0; i < count; i++) words[i] = bytes[a + i]!;
  else if (planes === 2) {
    for (let i = 0; i < count; i++) words[i] = bytes[a + i]! | (bytes[b + i]! << 8);
  } else if (planes === 3) {
    for (let i = 0; i < count; i++) {
      words[i] = bytes[a + i]! | (bytes[b + i]! << 8) | (bytes[c + i]! << 16);
    }
  } else {
    for (let i = 0; i < count; i++) {
      words[i] =
        bytes[a + i]! | (bytes[b + i]! << 8) | (bytes[c + i]! << 16) | (bytes[d + i]! << 24);
    }
  }
}
