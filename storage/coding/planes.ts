// Residuals (unsigned integers of 64 bits, small ones most likely) as byte planes: the lowest byte
// of all of them, then the next, and so on. Loops over planes are simple and fast, and each plane
// looks like noise of one kind to the entropy stage.
//
// Planes of one kind share a stream. The kind follows from the column's magnitude, the typical
// number of bits in its residuals: bits far above it are zero (quiet), bits far below it are
// noise, and between them each step of one bit has a stream of its own, because one Huffman
// table serves one distribution.

/** Kinds of streams: quiet, ten steps of one bit, noise. On disk; not to be renumbered. */
export const STREAM_COUNT = 12;
const QUIET = 0;
const NOISE = STREAM_COUNT - 1;

/** A residual of 64 bits has so many planes. */
export const PLANES_MAX = 8;
export const MAGNITUDE_MAX = 64;

/** The stream for plane `plane` of a column of `magnitude`. */
export function streamOf(magnitude: number, plane: number): number {
  if (magnitude === 0) return QUIET;
  const kind = magnitude - 8 * plane + 2;
  return Math.max(QUIET, Math.min(kind, NOISE));
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
  for (let plane = 0; plane < planes; plane++) {
    const stream = streamOf(magnitude, plane);
    const start = streams.lengths[stream]!;
    const buffer = reserve(streams, stream, start + count);
    writePlane(buffer, start, plane < 4 ? low : high, count, 8 * (plane & 3));
    streams.lengths[stream] = start + count;
  }
}

function reserve(streams: PlaneStreams, stream: number, length: number): Uint8Array {
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
 * Reads `planes` (at most four) planes of `count` bytes, beginning at `offsets[first]` and its
 * successors in `bytes`, into `words`.
 */
export function readPlanes(
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
