// A block of sorted records. Keys share their beginnings, so each is stored as what it adds to the
// one before; every 16th is stored whole and listed at the end, for binary search.
//
//   record   | shared: varint | added: varint | value length * 2 + kind: varint | added key | value |
//   block    | record | ... | restart: u32 | ... | restarts: u32 |

import { assert } from '../assert.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { PUT, type RecordKind } from './format.ts';
import { compareKeys } from './keys.ts';

const RECORDS_PER_RESTART = 16;
const U32_BYTES = 4;
const KEY_CAPACITY_START = 256;

/** One record of the index. Records sort by key, then kind. */
export interface IndexRecord {
  readonly key: Uint8Array;
  readonly kind: RecordKind;
  readonly value: Uint8Array;
}

/** Collects records in key order. Reused from block to block. */
export class BlockBuilder {
  readonly #writer = new ByteWriter(32_768);
  #restarts: number[] = [];
  #keyBefore: Uint8Array = new Uint8Array(0);
  #count = 0;

  /** Bytes so far, the list of restarts aside. */
  get size(): number {
    return this.#writer.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add({ key, kind, value }: IndexRecord): void {
    const restarts = this.#count % RECORDS_PER_RESTART === 0;
    const shared = restarts ? 0 : sharedLength(this.#keyBefore, key);
    if (restarts) this.#restarts.push(this.#writer.length);
    this.#writer.varint(shared);
    this.#writer.varint(key.length - shared);
    this.#writer.varint(value.length * 2 + kind);
    this.#writer.bytes(key.subarray(shared));
    this.#writer.bytes(value);
    this.#keyBefore = key;
    this.#count++;
  }

  /** The finished block, a view until the next `add`; the builder is empty again. */
  finish(): Uint8Array {
    for (const restart of this.#restarts) this.#writer.uint32(restart);
    this.#writer.uint32(this.#restarts.length);
    const block = this.#writer.view();
    this.#writer.reset();
    this.#restarts = [];
    this.#count = 0;
    return block;
  }
}

export function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const longest = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < longest && a[shared] === b[shared]) shared++;
  return shared;
}

/** Walks over the records of one block, which its checksum has vouched for. */
export class BlockCursor {
  readonly #block: Uint8Array;
  readonly #recordsEnd: number;
  readonly #restarts: DataView;
  #at = 0;
  #valueStart = 0;
  /** Only the first `keyLength` bytes count; overwritten by the next move. */
  key: Buffer = Buffer.alloc(KEY_CAPACITY_START);
  keyLength = 0;
  kind: RecordKind = PUT;

  constructor(block: Uint8Array) {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const restarts = view.getUint32(block.length - U32_BYTES, true);
    this.#block = block;
    this.#recordsEnd = block.length - U32_BYTES * (restarts + 1);
    const start = block.byteOffset + this.#recordsEnd;
    this.#restarts = new DataView(block.buffer, start, restarts * U32_BYTES);
  }

  /** Moves to the next record, the first at first; false at the end. */
  next(): boolean {
    if (this.#at >= this.#recordsEnd) return false;
    const shared = this.#varint();
    const added = this.#varint();
    const valueAndKind = this.#varint();
    this.#takeKey(shared, added);
    this.kind = (valueAndKind & 1) as RecordKind;
    this.#valueStart = this.#at;
    this.#at += valueAndKind >>> 1;
    return true;
  }

  /** Moves to the first record whose key is not below `key`; false when there is none. */
  seek(key: Uint8Array): boolean {
    let low = 0;
    let high = this.#restarts.byteLength / U32_BYTES - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      this.#at = this.#restarts.getUint32(middle * U32_BYTES, true);
      this.next();
      if (compareKeys(this.key, key, this.keyLength) < 0) low = middle;
      else high = middle - 1;
    }
    this.#at = this.#restarts.getUint32(low * U32_BYTES, true);
    while (this.next()) {
      if (compareKeys(this.key, key, this.keyLength) >= 0) return true;
    }
    return false;
  }

  /** The value of the record, as a view of the block. */
  value(): Uint8Array {
    return this.#block.subarray(this.#valueStart, this.#at);
  }

  /** The record as it stands, in bytes of its own. */
  record(): IndexRecord {
    const key = new Uint8Array(this.keyLength);
    key.set(this.key.subarray(0, this.keyLength));
    return { key, kind: this.kind, value: this.value() };
  }

  #takeKey(shared: number, added: number): void {
    assert(shared <= this.keyLength, 'a key shares bytes of the key before');
    const length = shared + added;
    if (length > this.key.length) {
      const longer = Buffer.alloc(length * 2);
      longer.set(this.key.subarray(0, shared));
      this.key = longer;
    }
    for (let i = shared; i < length; i++) this.key[i] = this.#block[this.#at++]!;
    this.keyLength = length;
  }

  #varint(): number {
    let byte = this.#block[this.#at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.#block[this.#at++]!;
      value |= (byte & 0x7f) << shift;
    }
    return value;
  }
}
