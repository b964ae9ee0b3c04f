// Memory of points, used again: fresh pages for every batch would cost more than decoding it does
// (10 ns a point, against 1 ns for the copy; see test/bench/decode.bench.ts).

import { POINT_BYTES, type PointBuffer, pointBuffer } from './decode/columns.ts';

/** Smaller buffers are not worth keeping. */
const KEPT_BYTES_MIN = 16 * 1024;

export interface PointPool {
  /** What the buffer holds at first is left from before. */
  take(count: number): PointBuffer;
  /** Gives a buffer back once nobody looks at it any more. */
  release(points: PointBuffer): void;
}

/** Keeps at most `bytesMax` of memory that is not in use. */
export function createPointPool(bytesMax: number): PointPool {
  /** By size, a power of two. */
  const free = new Map<number, ArrayBuffer[]>();
  let freeBytes = 0;

  return {
    take(count) {
      const bytes = 2 ** Math.ceil(Math.log2(Math.max(1, count * POINT_BYTES)));
      if (bytes < KEPT_BYTES_MIN) return pointBuffer(count);
      const kept = free.get(bytes)?.pop();
      if (kept === undefined) return pointBuffer(count, new ArrayBuffer(bytes));
      freeBytes -= bytes;
      return pointBuffer(count, kept);
    },
    release({ memory }) {
      const bytes = memory.byteLength;
      if (bytes < KEPT_BYTES_MIN || freeBytes + bytes > bytesMax) return;
      freeBytes += bytes;
      const sameSize = free.get(bytes);
      if (sameSize === undefined) free.set(bytes, [memory]);
      else sameSize.push(memory);
    },
  };
}
