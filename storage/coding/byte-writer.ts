// A growing buffer of bytes, little-endian. The counterpart of byte-reader.ts, call for call.

import { assert } from '../assert.ts';
import { VARINT_BYTES_MAX, VARINT_HIGH_UNIT, VARINT_MAX } from './varint.ts';

const utf8 = new TextEncoder();

/** A UTF-16 code unit takes at most three bytes of UTF-8. */
const UTF8_BYTES_PER_UNIT = 3;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, without a copy: good until the next write or reset. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written, as a copy of its own. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.#length = 0;
  }

  uint8(value: number): void {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
  }

  uint16(value: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value, true);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Overwrites four bytes written before, such as a length known only now. */
  patchUint32(offset: number, value: number): void {
    assert(offset + 4 <= this.#length, 'a patch lies within what was written');
    this.#view.setUint32(offset, value, true);
  }

  /** 0 .. 2^53 in LEB128. */
  varint(value: number): void {
    assert(Number.isInteger(value), 'a varint is an integer');
    assert(value >= 0 && value <= VARINT_MAX, 'a varint is within 0 .. 2^53');
    this.#grow(VARINT_BYTES_MAX);
    while (value >= VARINT_HIGH_UNIT) {
      this.#bytes[this.#length++] = (value % 128) + 128;
      value = Math.floor(value / 128);
    }
    while (value >= 128) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#bytes[this.#length++] = value;
  }

  /** -2^53 .. 2^53, zigzag in LEB128: the first byte has the sign and six bits. */
  signedVarint(value: number): void {
    assert(Number.isInteger(value), 'a varint is an integer');
    assert(Math.abs(value) <= VARINT_MAX, 'a signed varint is within +-2^53');
    const sign = value < 0 ? 1 : 0;
    const magnitude = sign === 1 ? -value - 1 : value;
    const high = Math.floor(magnitude / 64);
    const first = ((magnitude % 64) << 1) | sign;
    this.uint8(high > 0 ? first | 0x80 : first);
    if (high > 0) this.varint(high);
  }

  bytes(bytes: Uint8Array): void {
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Bytes after their length as a varint. */
  prefixedBytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  /** UTF-8 after its length in bytes as a varint. The text is well-formed (no lone surrogates). */
  string(text: string): void {
    const room = text.length * UTF8_BYTES_PER_UNIT;
    if (room >= 128) {
      this.prefixedBytes(utf8.encode(text));
      return;
    }
    // The length takes one byte for sure, so the text goes straight to its place behind it.
    this.#grow(1 + room);
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(this.#length + 1));
    this.#bytes[this.#length] = written;
    this.#length += 1 + written;
  }

  /** Makes room, so it comes before any use of the view, which it may replace. */
  #reserve(length: number): number {
    this.#grow(length);
    const start = this.#length;
    this.#length = start + length;
    return start;
  }

  #grow(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.view());
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
