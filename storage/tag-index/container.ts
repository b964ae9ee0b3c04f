// A container: the postings of one label pair whose ids share their upper 16 bits, as stored in
// the tag index. What is kept of an id is its lower 16 bits.
//
//   fewer than 4096 ids   | first: varint | gap to the one before: varint | ...   sparse
//   4096 ids or more      | 8192 B, bit i of byte i/8 for id i |                  bitmap
//
// Sparse containers are shorter than 8192 B whatever the gaps (at most 512 gaps of 128 or more
// fit into 65,536), so the length alone tells the two apart. New series have neighbouring ids,
// which makes most gaps 1 and their bytes nearly free once compressed.

import { assert } from '../assert.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { intersect, type Postings } from './postings.ts';

export const CONTAINER_BITS = 16;
export const CONTAINER_IDS = 2 ** CONTAINER_BITS;
const BITMAP_IDS_MIN = 4096;
const BITMAP_BYTES = CONTAINER_IDS / 8;

/** The bytes of ids that share their upper 16 bits; one at least. */
export function encodeContainer(ids: Postings): Uint8Array {
  assert(ids.length > 0, 'a container has an id');
  const container = ids[0]! >>> CONTAINER_BITS;
  assert(ids[ids.length - 1]! >>> CONTAINER_BITS === container, 'ids are of one container');
  if (ids.length >= BITMAP_IDS_MIN) return toBitmap(ids);
  const writer = new ByteWriter(ids.length + 64);
  let before = 0;
  for (let i = 0; i < ids.length; i++) {
    const low = ids[i]! & (CONTAINER_IDS - 1);
    writer.varint(low - before);
    before = low;
  }
  return writer.copy();
}

/** The ids of container `number`. */
export function decodeContainer(bytes: Uint8Array, number: number): Postings {
  const base = number * CONTAINER_IDS;
  return bytes.length === BITMAP_BYTES ? fromBitmap(bytes, base) : fromGaps(bytes, base);
}

/** Those of `ids`, which are all within container `number`, that are in it. */
export function idsInContainer(bytes: Uint8Array, number: number, ids: Postings): Postings {
  if (bytes.length !== BITMAP_BYTES) return intersect(ids, decodeContainer(bytes, number));
  return ids.filter((id) => {
    const low = id & (CONTAINER_IDS - 1);
    return (bytes[low >>> 3]! & (1 << (low & 7))) !== 0;
  });
}

function toBitmap(ids: Postings): Uint8Array {
  const bitmap = new Uint8Array(BITMAP_BYTES);
  for (let i = 0; i < ids.length; i++) {
    const low = ids[i]! & (CONTAINER_IDS - 1);
    bitmap[low >>> 3]! |= 1 << (low & 7);
  }
  return bitmap;
}

function fromBitmap(bitmap: Uint8Array, base: number): Postings {
  const ids = new Uint32Array(CONTAINER_IDS);
  let count = 0;
  for (let byte = 0; byte < BITMAP_BYTES; byte++) {
    for (let bits = bitmap[byte]!; bits !== 0; bits &= bits - 1) {
      ids[count++] = base + byte * 8 + (31 - Math.clz32(bits & -bits));
    }
  }
  return ids.slice(0, count);
}

function fromGaps(bytes: Uint8Array, base: number): Postings {
  // A byte per id at least; the length of a varint beyond that is three.
  const ids = new Uint32Array(bytes.length);
  let count = 0;
  let low = 0;
  for (let at = 0; at < bytes.length; ) {
    let byte = bytes[at++]!;
    let gap = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++]!;
      gap |= (byte & 0x7f) << shift;
    }
    low += gap;
    ids[count++] = base + low;
  }
  return ids.subarray(0, count);
}
