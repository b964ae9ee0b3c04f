// A 32-bit hash of bytes for hash tables and bloom filters: MurmurHash3_x86_32 by Austin Appleby
// (public domain). Filters on disk depend on it, so its values never change.

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Hash of `bytes[from..to)`, 0 .. 2^32 - 1. */
export function hashBytes(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  let hash = seed | 0;
  const wordsEnd = from + ((to - from) & ~3);
  let at = from;
  for (; at < wordsEnd; at += 4) {
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash ^= scramble(word);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; at < to; at++, shift += 8) tail |= bytes[at]! << shift;
  hash ^= scramble(tail);
  return mixBits(hash ^ (to - from));
}

/** Every bit of the result depends on every bit of `value`; a bijection of 32-bit integers. */
export function mixBits(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const product = Math.imul(word, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}
