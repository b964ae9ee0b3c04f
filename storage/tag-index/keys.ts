// The keys of the tag index. They sort as bytes; numbers in them are big-endian for that reason.
//
//   labels    | 1 | canonical label bytes |                           -> series id: u32 LE
//   id        | 2 | series id: u32 BE |                               -> canonical label bytes
//   postings  | 3 | name | 0 1 | value | 0 1 | container: u16 BE |    -> container
//
// In names and values a zero byte is written 0 255, so that 0 1 ends them and a prefix sorts
// first. The value "" stands for every series that has the label at all, and the name "" with it
// for every series: no label has either. Not to be renumbered.

import { ByteWriter } from '../coding/byte-writer.ts';
import { hashBytes } from '../coding/hash.ts';
import type { SeriesId } from '../series/labels.ts';

export const LABELS_KEYS = 1;
export const ID_KEYS = 2;
export const POSTINGS_KEYS = 3;

/** The end mark of the value and the container number. */
const POSTINGS_TAIL_BYTES = 4;
const CONTAINER_NUMBER_BYTES = 2;

const utf8 = new TextEncoder();

/** From `from` included to `to` excluded. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

export function labelsKeyOf(labelBytes: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + labelBytes.length);
  key[0] = LABELS_KEYS;
  key.set(labelBytes, 1);
  return key;
}

/** What labelsKeyOf was given. */
export function labelBytesOfKey(key: Uint8Array): Uint8Array {
  return key.subarray(1);
}

export function idKeyOf(id: SeriesId): Uint8Array {
  return Uint8Array.of(ID_KEYS, id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255);
}

/** Ids from `first` to `last`, both included. */
export function idRange(first: SeriesId, last: SeriesId): KeyRange {
  return { from: idKeyOf(first), to: Uint8Array.of(...idKeyOf(last), 0) };
}

export function idOfKey(key: Uint8Array): SeriesId {
  return ((key[1]! << 24) | (key[2]! << 16) | (key[3]! << 8) | key[4]!) >>> 0;
}

/** Everything of a postings key but the container number. Name and value are UTF-8. */
export function pairKeyOf(name: Uint8Array, value: Uint8Array): Uint8Array {
  const writer = new ByteWriter(name.length + value.length + 8);
  writeText(writer, name);
  writer.bytes(TEXT_END);
  writeText(writer, value);
  writer.bytes(TEXT_END);
  const body = writer.view();
  const key = new Uint8Array(1 + body.length);
  key[0] = POSTINGS_KEYS;
  key.set(body, 1);
  return key;
}

export function pairKeyOfText(name: string, value: string): Uint8Array {
  return pairKeyOf(utf8.encode(name), utf8.encode(value));
}

export function postingsKeyOf(pairKey: Uint8Array, container: number): Uint8Array {
  const key = new Uint8Array(pairKey.length + CONTAINER_NUMBER_BYTES);
  key.set(pairKey);
  key[pairKey.length] = container >>> 8;
  key[pairKey.length + 1] = container & 255;
  return key;
}

/** The containers of one pair, whose key is where it begins. */
export function pairRange(name: string, value: string): KeyRange {
  return prefixRange(pairKeyOfText(name, value));
}

/** One container of a pair. */
export function containerRange(pairKey: Uint8Array, container: number): KeyRange {
  const from = postingsKeyOf(pairKey, container);
  return { from, to: Uint8Array.of(...from, 0) };
}

/** The containers of every value of `name` that starts with `valuePrefix`, and is not "". */
export function valuesRange(name: string, valuePrefix: string): KeyRange {
  const all = pairKeyOfText(name, valuePrefix);
  const range = prefixRange(all.subarray(0, all.length - TEXT_END.length));
  return valuePrefix === '' ? { from: pairRange(name, '').to, to: range.to } : range;
}

/** Postings keys of names after `name`. */
export function namesAfter(name: string): KeyRange {
  return { from: valuesRange(name, '').to, to: Uint8Array.of(POSTINGS_KEYS + 1) };
}

/** Length of the part of a postings key that the pair has, without the container number. */
function pairKeyLength(keyLength: number): number {
  return keyLength - CONTAINER_NUMBER_BYTES;
}

export function containerOfKey(key: Uint8Array, keyLength: number): number {
  return (key[keyLength - 2]! << 8) | key[keyLength - 1]!;
}

export function nameOfKey(key: Buffer): string {
  return readText(key, 1, endOfText(key, 1));
}

export function valueOfKey(key: Buffer, keyLength: number): string {
  const nameEnd = endOfText(key, 1);
  return readText(key, nameEnd + TEXT_END.length, keyLength - POSTINGS_TAIL_BYTES);
}

/**
 * What a bloom filter remembers of a key: label sets and label pairs, as those are asked for when
 * they may not be there. Undefined for ids, which the table's id range answers.
 */
export function filterHash(key: Uint8Array): number | undefined {
  switch (key[0]) {
    case LABELS_KEYS:
      return hashBytes(key, 1, key.length);
    case POSTINGS_KEYS:
      return hashBytes(key, 1, pairKeyLength(key.length));
    default:
      return undefined;
  }
}

/** Order of keys: as bytes, a prefix first. */
export function compareKeys(
  a: Uint8Array,
  b: Uint8Array,
  aLength = a.length,
  bLength = b.length,
): number {
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const order = a[i]! - b[i]!;
    if (order !== 0) return order;
  }
  return aLength - bLength;
}

const TEXT_END = Uint8Array.of(0, 1);
const ZERO = Uint8Array.of(0, 255);

function writeText(writer: ByteWriter, text: Uint8Array): void {
  let from = 0;
  for (let zero = text.indexOf(0); zero !== -1; zero = text.indexOf(0, from)) {
    writer.bytes(text.subarray(from, zero));
    writer.bytes(ZERO);
    from = zero + 1;
  }
  writer.bytes(text.subarray(from));
}

/** Position of the end mark of the text that starts at `from`. */
function endOfText(key: Uint8Array, from: number): number {
  let at = key.indexOf(0, from);
  while (key[at + 1] === ZERO[1]) at = key.indexOf(0, at + ZERO.length);
  return at;
}

function readText(key: Buffer, from: number, to: number): string {
  const zero = key.indexOf(0, from);
  if (zero === -1 || zero >= to) return key.toString('utf8', from, to);
  // In UTF-8 a zero byte is the character NUL and 255 does not occur.
  const text = key.toString('latin1', from, to).replaceAll('\0\xff', '\0');
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Keys that start with `prefix`. */
function prefixRange(prefix: Uint8Array): KeyRange {
  const to = prefix.slice();
  let last = to.length - 1;
  while (to[last] === 255) last--;
  to[last]!++;
  return { from: prefix, to: to.subarray(0, last + 1) };
}
