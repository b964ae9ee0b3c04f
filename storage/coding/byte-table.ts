// A set of byte strings, made for millions: each gets a dense slot from 0, the bytes lie in an
// arena, and one open-addressing table of slots finds them. About 20 B for each beside its bytes,
// and nothing for the garbage collector to walk.

import { assert } from '../assert.ts';
import { ByteArena, chunkOf, offsetOf } from './byte-arena.ts';
import { hashBytes } from './hash.ts';
import { grown, sharedColumn } from './shared-column.ts';
import { placeSlot, placeSlots } from './slot-index.ts';

const SLOTS_START = 64;

/** What a table holds, as plain data in shared memory. */
export interface ByteTableColumns {
  readonly chunks: readonly Uint8Array[];
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
}

/** The bytes in `slot`, as a view. */
export function bytesInSlot(columns: ByteTableColumns, slot: number): Uint8Array {
  const start = columns.starts[slot]!;
  const offset = offsetOf(start);
  const chunk = columns.chunks[chunkOf(start)]!;
  return chunk.subarray(offset, offset + columns.lengths[slot]!);
}

/** Order of the bytes in two slots, which are left where they lie. */
export function compareSlots(columns: ByteTableColumns, a: number, b: number): number {
  const { chunks, starts, lengths } = columns;
  const chunkA = chunks[chunkOf(starts[a]!)]!;
  const chunkB = chunks[chunkOf(starts[b]!)]!;
  const fromA = offsetOf(starts[a]!);
  const fromB = offsetOf(starts[b]!);
  const shared = Math.min(lengths[a]!, lengths[b]!);
  for (let i = 0; i < shared; i++) {
    const order = chunkA[fromA + i]! - chunkB[fromB + i]!;
    if (order !== 0) return order;
  }
  return lengths[a]! - lengths[b]!;
}

export class ByteTable {
  readonly #arena = new ByteArena();
  #size = 0;
  /** Per slot: address in the arena, length, and hash. */
  #starts = sharedColumn(SLOTS_START);
  #lengths = sharedColumn(SLOTS_START);
  #hashes = sharedColumn(SLOTS_START);
  /** Slot + 1, or 0; linear probing; at most half full. */
  #index = sharedColumn(2 * SLOTS_START);

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#arena.memoryBytes + this.#size * 12 + this.#index.byteLength;
  }

  /** The slot of `bytes[from, to)`, or -1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    return this.#find(bytes, from, to, hashBytes(bytes, from, to));
  }

  /** The slot of `bytes[from, to)`, which are copied when they are new: then it is the last one. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(bytes, from, to);
    const known = this.#find(bytes, from, to, hash);
    if (known !== -1) return known;
    if (this.#size === this.#starts.length) this.#grow();
    const slot = this.#size++;
    this.#starts[slot] = this.#store(bytes, from, to);
    this.#lengths[slot] = to - from;
    this.#hashes[slot] = hash;
    placeSlot(this.#index, this.#hashes[slot]!, slot);
    return slot;
  }

  /** The bytes in `slot`, as a view. */
  bytesOf(slot: number): Uint8Array {
    assert(slot < this.#size, 'a slot that was handed out');
    return bytesInSlot(this.columns(), slot);
  }

  /** Bytes in `slot`. */
  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** What is in the table, for as long as nothing is inserted; only slots below its size count. */
  columns(): ByteTableColumns {
    return { chunks: this.#arena.chunks, starts: this.#starts, lengths: this.#lengths };
  }

  /** Whether `slot` has just `bytes[from, to)`. */
  holds(slot: number, bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    if (this.#lengths[slot] !== length) return false;
    const start = this.#starts[slot]!;
    const chunk = this.#arena.chunks[chunkOf(start)]!;
    const offset = offsetOf(start);
    for (let i = 0; i < length; i++) {
      if (chunk[offset + i] !== bytes[from + i]) return false;
    }
    return true;
  }

  #find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]! - 1;
      if (slot === -1) return -1;
      if (this.#hashes[slot] === hash && this.holds(slot, bytes, from, to)) return slot;
    }
  }

  #store(bytes: Uint8Array, from: number, to: number): number {
    const start = this.#arena.take(to - from);
    const chunk = this.#arena.chunks[chunkOf(start)]!;
    const offset = offsetOf(start);
    for (let i = 0; i < to - from; i++) chunk[offset + i] = bytes[from + i]!;
    return start;
  }

  #grow(): void {
    const slots = this.#starts.length * 2;
    this.#starts = grown(this.#starts, slots);
    this.#lengths = grown(this.#lengths, slots);
    this.#hashes = grown(this.#hashes, slots);
    this.#index = sharedColumn(2 * slots);
    placeSlots(this.#index, this.#hashes, this.#size);
  }
}
