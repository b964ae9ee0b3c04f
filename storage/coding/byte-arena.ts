// Memory for millions of small pieces of bytes, in chunks that never move: it grows without a copy,
// and an address stays good. The chunks are shared memory, so that a worker reads what lies in them
// where it lies.

import { assert } from '../assert.ts';

const CHUNK_BITS = 18;
/** A longer piece has a chunk of its own; the first one is shorter: many an arena stays small. */
const CHUNK_BYTES = 2 ** CHUNK_BITS;
const FIRST_CHUNK_BYTES = 2 ** 12;
const CHUNKS_MAX = 2 ** (32 - CHUNK_BITS);

/** The chunk that an address lies in, and where in it. */
export function chunkOf(address: number): number {
  return address >>> CHUNK_BITS;
}

export function offsetOf(address: number): number {
  return address & (CHUNK_BYTES - 1);
}

export class ByteArena {
  readonly #chunks: Uint8Array[] = [];
  /** The last chunk is being filled: its size, and how much of it is taken. */
  #lastBytes = 0;
  #used = 0;
  #memoryBytes = 0;

  /** What addresses point into; there are more the next time. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The address of `length` bytes that lie together and are zero. */
  take(length: number): number {
    // Even no bytes at all begin inside a chunk.
    const room = Math.max(1, length);
    if (this.#used + room > this.#lastBytes) this.#addChunk(room);
    const address = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#used += length;
    return address;
  }

  #addChunk(room: number): void {
    assert(this.#chunks.length < CHUNKS_MAX, 'an arena is within 4 GiB');
    const size = Math.max(room, this.#chunks.length === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES);
    this.#chunks.push(new Uint8Array(new SharedArrayBuffer(size)));
    this.#memoryBytes += size;
    this.#lastBytes = size;
    this.#used = 0;
  }
}
