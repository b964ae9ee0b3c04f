// A set of canonical label bytes, made for millions: each gets a dense slot from 0, the bytes lie
// in shared chunks, and one open-addressing table of slots finds them. About 20 B per set beside
// its bytes, and nothing for the garbage collector to walk.

import { assert } from '../assert.ts';

const CHUNK_BITS = 18;
/** A longer label set has a chunk of its own. */
const CHUNK_BYTES = 2 ** CHUNK_BITS;
const CHUNKS_MAX = 2 ** (32 - CHUNK_BITS);
const SLOTS_START = 1024;

/** What a table holds, as plain data: the bytes are shared, the columns copies. */
export interface LabelColumns {
  readonly chunks: readonly Uint8Array[];
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
}

/** The bytes in `slot`, as a view. */
export function labelBytesAt(columns: LabelColumns, slot: number): Uint8Array {
  const start = columns.starts[slot]!;
  const offset = start & (CHUNK_BYTES - 1);
  const chunk = columns.chunks[start >>> CHUNK_BITS]!;
  return chunk.subarray(offset, offset + columns.lengths[slot]!);
}

/** Order of the bytes in two slots, which are left where they lie. */
export function compareLabelBytes(columns: LabelColumns, a: number, b: number): number {
  const { chunks, starts, lengths } = columns;
  const chunkA = chunks[starts[a]! >>> CHUNK_BITS]!;
  const chunkB = chunks[starts[b]! >>> CHUNK_BITS]!;
  const fromA = starts[a]! & (CHUNK_BYTES - 1);
  const fromB = starts[b]! & (CHUNK_BYTES - 1);
  const shared = Math.min(lengths[a]!, lengths[b]!);
  for (let i = 0; i < shared; i++) {
    const order = chunkA[fromA + i]! - chunkB[fromB + i]!;
    if (order !== 0) return order;
  }
  return lengths[a]! - lengths[b]!;
}

export class LabelTable {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes used of the chunk that is being filled, the last one. */
  #used = CHUNK_BYTES;
  #chunkBytes = 0;
  #size = 0;
  /** Per slot: chunk << CHUNK_BITS | offset, length, and hash. */
  #starts = new Uint32Array(SLOTS_START);
  #lengths = new Uint32Array(SLOTS_START);
  #hashes = new Uint32Array(SLOTS_START);
  /** Slot + 1, or 0; linear probing; at most half full. */
  #index = new Uint32Array(2 * SLOTS_START);

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#chunkBytes + this.#starts.byteLength * 3 + this.#index.byteLength;
  }

  /** The slot of `bytes[from, to)`, or -1. `hash` is `hashBytes` of them. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]! - 1;
      if (slot === -1) return -1;
      if (this.#hashes[slot] === hash && this.#holds(slot, bytes, from, to)) return slot;
    }
  }

  /** Copies bytes that `find` does not know, and returns their slot, which is the size before. */
  insert(bytes: Uint8Array, from: number, to: number, hash: number): number {
    if (this.#size === this.#starts.length) this.#grow();
    const slot = this.#size++;
    this.#starts[slot] = this.#store(bytes, from, to);
    this.#lengths[slot] = to - from;
    this.#hashes[slot] = hash;
    this.#place(slot);
    return slot;
  }

  /** The bytes in `slot`, as a view. */
  bytesOf(slot: number): Uint8Array {
    assert(slot < this.#size, 'a slot that was handed out');
    return labelBytesAt(this.#columns(), slot);
  }

  hashOf(slot: number): number {
    return this.#hashes[slot]!;
  }

  /** What is in the table now; bytes do not change once they are there. */
  columns(): LabelColumns {
    const { starts, lengths } = this.#columns();
    return {
      chunks: [...this.#chunks],
      starts: starts.slice(0, this.#size),
      lengths: lengths.slice(0, this.#size),
    };
  }

  #columns(): LabelColumns {
    return { chunks: this.#chunks, starts: this.#starts, lengths: this.#lengths };
  }

  #holds(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    if (this.#lengths[slot] !== length) return false;
    const start = this.#starts[slot]!;
    const chunk = this.#chunks[start >>> CHUNK_BITS]!;
    const offset = start & (CHUNK_BYTES - 1);
    for (let i = 0; i < length; i++) {
      if (chunk[offset + i] !== bytes[from + i]) return false;
    }
    return true;
  }

  #store(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    // Even no bytes at all start inside a chunk.
    const room = Math.max(1, length);
    if (this.#used + room > CHUNK_BYTES) this.#addChunk(Math.max(room, CHUNK_BYTES));
    const chunk = this.#chunks.length - 1;
    const offset = this.#used;
    const target = this.#chunks[chunk]!;
    for (let i = 0; i < length; i++) target[offset + i] = bytes[from + i]!;
    this.#used += length;
    return ((chunk << CHUNK_BITS) | offset) >>> 0;
  }

  #addChunk(size: number): void {
    assert(this.#chunks.length < CHUNKS_MAX, 'the label bytes in memory are within 4 GiB');
    // Shared, so that a worker reads them without a copy once the table no longer grows.
    this.#chunks.push(new Uint8Array(new SharedArrayBuffer(size)));
    this.#chunkBytes += size;
    this.#used = 0;
  }

  #place(slot: number): void {
    const mask = this.#index.length - 1;
    let at = this.#hashes[slot]! & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = slot + 1;
  }

  #grow(): void {
    const slots = this.#starts.length * 2;
    this.#starts = grown(this.#starts, slots);
    this.#lengths = grown(this.#lengths, slots);
    this.#hashes = grown(this.#hashes, slots);
    this.#index = new Uint32Array(2 * slots);
    for (let slot = 0; slot < this.#size; slot++) this.#place(slot);
  }
}

/** `column` with room for `length`, what is new being zero. */
export function grown(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(length);
  wider.set(column);
  return wider;
}
