// A cursor over bytes, little-endian. It never reads past its end: bytes that are too few, too
// large or not UTF-8 are a CorruptionError that names the file and the place.

import { CorruptionError } from '../errors.ts';
import { VARINT_BYTES_MAX, VARINT_HIGH_UNIT, VARINT_MAX } from './varint.ts';

// The mark of byte order is a character like any other: values come back as they were given.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #base: number;
  #offset = 0;

  /** `bytes` lie at `base` of the file `path`; both serve the error messages only. */
  constructor(bytes: Uint8Array, path: string, base = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.#base = base;
  }

  /** Bytes consumed so far. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** 0 .. 2^53 in LEB128. */
  varint(): number {
    const first = this.#bytes[this.#offset];
    if (first !== undefined && first < 0x80) {
      this.#offset += 1;
      return first;
    }
    return this.#longVarint();
  }

  /** -2^53 .. 2^53, zigzag in LEB128. */
  signedVarint(): number {
    const first = this.uint8();
    const low = (first & 0x7f) >>> 1;
    const high = first < 0x80 ? 0 : this.varint();
    if (high > VARINT_MAX / 64) throw this.corrupt('a varint is beyond 2^53');
    const magnitude = high * 64 + low;
    if (magnitude > VARINT_MAX) throw this.corrupt('a varint is beyond 2^53');
    return (first & 1) === 0 ? magnitude : -magnitude - 1;
  }

  /** The next `length` bytes, as a view of what is being read. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Bytes after their length as a varint, as a view of what is being read. */
  prefixedBytes(): Uint8Array {
    return this.bytes(this.varint());
  }

  /** UTF-8 after its length in bytes as a varint. */
  string(): string {
    const start = this.#offset;
    const encoded = this.prefixedBytes();
    try {
      return utf8.decode(encoded);
    } catch (cause) {
      this.#offset = start;
      throw this.corrupt('a string is not UTF-8', cause);
    }
  }

  /** All bytes are consumed: whoever wrote them meant no more. */
  expectEnd(): void {
    if (this.remaining > 0) throw this.corrupt(`expected the end, found ${this.remaining} B more`);
  }

  /** The error for what was found at the cursor. */
  corrupt(expectation: string, cause?: unknown): CorruptionError {
    return new CorruptionError(this.#path, this.#base + this.#offset, expectation, { cause });
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) {
      throw this.corrupt(`expected ${length} B more, found ${this.remaining} B`);
    }
    this.#offset = start + length;
    return start;
  }

  #longVarint(): number {
    const start = this.#offset;
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.uint8();
      // Four groups fill the low 28 bits; the rest is kept apart, as 2^53 outgrows 32-bit shifts.
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else high += (byte & 0x7f) << (7 * (i - 4));
      if (byte >= 0x80) continue;
      if (high * VARINT_HIGH_UNIT > VARINT_MAX - low) break;
      return high * VARINT_HIGH_UNIT + low;
    }
    this.#offset = start;
    throw this.corrupt('a varint is beyond 2^53');
  }
}
