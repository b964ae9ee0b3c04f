// Canonical bytes of a label set, equal exactly when the sets are. For each label, in order:
//
//   | name length: varint | name: UTF-8 | value length: varint | value: UTF-8 |
//
// They are the identity of a series in hash tables and in the tag index. Not to be changed.

import { ByteReader } from '../coding/byte-reader.ts';
import { VARINT_BYTES_MAX } from '../coding/varint.ts';
import type { Label, Labels } from './labels.ts';

const CAPACITY_START = 1024;
/** A UTF-16 code unit takes at most three bytes of UTF-8. */
const UTF8_BYTES_PER_UNIT = 3;

const utf8 = new TextEncoder();

/**
 * A reused buffer that label sets are encoded into: looking a series up allocates nothing. What
 * was encoded is `bytes[0..length)`, good until the next `encode`.
 */
export class LabelsEncoder {
  bytes = new Uint8Array(CAPACITY_START);
  length = 0;

  /** `labels` are canonical and well-formed. */
  encode(labels: Labels): void {
    this.length = 0;
    for (const { name, value } of labels) {
      this.#text(name);
      this.#text(value);
    }
  }

  /** A copy that outlives the next `encode`. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  #text(text: string): void {
    this.#reserve(VARINT_BYTES_MAX + text.length * UTF8_BYTES_PER_UNIT);
    const start = this.length + 1;
    if (text.length < 0x80 && putAscii(this.bytes, start, text)) {
      this.bytes[this.length] = text.length;
      this.length = start + text.length;
      return;
    }
    const encoded = utf8.encode(text);
    let length = encoded.length;
    for (; length >= 0x80; length = Math.floor(length / 128)) {
      this.bytes[this.length++] = (length % 128) + 128;
    }
    this.bytes[this.length++] = length;
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/**
 * Whether `text` is ASCII, and then written at `at`. Label text nearly always is, and short: this
 * loop takes a third of encodeInto's time.
 */
function putAscii(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return false;
    bytes[at + i] = unit;
  }
  return true;
}

const shared = new LabelsEncoder();

/** Canonical bytes of canonical, well-formed labels. */
export function encodeLabels(labels: Labels): Uint8Array {
  shared.encode(labels);
  return shared.copy();
}

/** The labels behind canonical bytes; `path` is named when they are damaged. */
export function decodeLabels(bytes: Uint8Array, path = 'memory'): Labels {
  return decodeAscii(bytes) ?? decodeAny(bytes, path);
}

/**
 * Without a byte of 0x80 or more every length is one byte and all text ASCII: one string is made
 * and cut up, in a fifth of the time of decoding each text.
 */
function decodeAscii(bytes: Uint8Array): Labels | undefined {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! >= 0x80) return undefined;
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const labels: Label[] = [];
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes[at]!;
    if (nameEnd >= bytes.length) return undefined;
    const valueEnd = nameEnd + 1 + bytes[nameEnd]!;
    if (valueEnd > bytes.length) return undefined;
    labels.push({ name: text.slice(at + 1, nameEnd), value: text.slice(nameEnd + 1, valueEnd) });
    at = valueEnd;
  }
  return labels;
}

/** Where a name or a value that begins at `from` of canonical bytes ends. */
export function textEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  let length = 0;
  let unit = 1;
  for (; bytes[at]! >= 0x80; unit *= 128) length += (bytes[at++]! - 0x80) * unit;
  return at + 1 + length + bytes[at]! * unit;
}

function decodeAny(bytes: Uint8Array, path: string): Labels {
  const reader = new ByteReader(bytes, path);
  const labels: Label[] = [];
  while (reader.remaining > 0) {
    const name = reader.string();
    const value = reader.string();
    labels.push({ name, value });
  }
  return labels;
}
