// A block of sorted records. Keys share their beginnings, so each is stored as what it adds to the
// one before; every 16th is stored whole and listed at the end, for binary search.
//
//   record | shared: varint | added: varint | value length * 2 + kind: varint | added key | value |
//   block  | record | ... | restart: u32 | ... | restarts: u32 |

import { assert } from '../assert.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { PUT, type RecordKind } from './format.ts';

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
  #block: Uint8Array = new Uint8Array(0);
  #recordsEnd = 0;
  #restarts = 0;
  #at = 0;
  #valueStart = 0;
  /** Only the first `keyLength` bytes count; overwritten by the next move. */
  key: Buffer = Buffer.alloc(KEY_CAPACITY_START);
  keyLength = 0;
  kind: RecordKind = PUT;

  /** Before the first record of `block`; a cursor may go from block to block. */
  open(block: Uint8Array): void {
    this.#block = block;
    this.#restarts = readUint32(block, block.length - U32_BYTES);
    this.#recordsEnd = block.length - U32_BYTES * (this.#restarts + 1);
    this.#at = 0;
    this.keyLength = 0;
  }

  /** Moves to the next record, the first at first; false at the end. */
  next(): boolean {
    if (this.#at >= this.#recordsEnd) return false;
    const shared = this.#varint();
    this.#readRecord(shared);
    return true;
  }

  /** Moves to the first record whose key is not below `key`; false when there is none. */
  seek(key: Uint8Array): boolean {
    this.#at = this.#restartBefore(key);
    this.keyLength = 0;
    // How many bytes the record's key has in common with `key`, below which it was until now.
    let matched = 0;
    while (this.#at < this.#recordsEnd) {
      const shared = this.#varint();
      this.#readRecord(shared);
      // It differs from `key` where the record before did, or before that: no need to compare.
      if (shared > matched) continue;
      matched = Math.min(matched, shared);
      const longest = Math.min(key.length, this.keyLength);
      while (matched < longest && this.key[matched] === key[matched]) matched++;
      if (matched === key.length) return true;
      if (matched < this.keyLength && this.key[matched]! > key[matched]!) return true;
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

  /** Where the last restart begins whose key is below `key`, or the first of all. */
  #restartBefore(key: Uint8Array): number {
    let low = 0;
    let high = this.#restarts - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      this.#at = this.#restart(middle) + 1; // a restart shares 0 bytes, which takes one to say
      const length = this.#varint();
      this.#varint();
      if (compareAt(this.#block, this.#at, length, key) < 0) low = middle;
      else high = middle - 1;
    }
    return this.#restart(low);
  }

  #restart(position: number): number {
    return readUint32(this.#block, this.#recordsEnd + position * U32_BYTES);
  }

  /** Reads on behind the count of shared bytes. */
  #readRecord(shared: number): void {
    const added = this.#varint();
    const valueAndKind = this.#varint();
    assert(shared <= this.keyLength, 'a key shares bytes of the key before');
    const length = shared + added;
    if (length > this.key.length) {
      const longer = Buffer.alloc(length * 2);
      longer.set(this.key.subarray(0, shared));
      this.key = longer;
    }
    for (let i = shared; i < length; i++) this.key[i] = this.#block[this.#at++]!;
    this.keyLength = length;
    this.kind = (valueAndKind & 1) as RecordKind;
    this.#valueStart = this.#at;
    this.#at += valueAndKind >>> 1;
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

/** Order of bytes[from, from + length) and `key`. */
function compareAt(bytes: Uint8Array, from: number, length: number, key: Uint8Array): number {
  const shared = Math.min(length, key.length);
  for (let i = 0; i < shared; i++) {
    const order = bytes[from + i]! - key[i]!;
    if (order !== 0) return order;
  }
  return length - key.length;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return low + bytes[at + 3]! * 2 ** 24;
}
