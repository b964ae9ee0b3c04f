// A Bloom filter over 32-bit keys: says "not in this table" for sure, and "maybe" otherwise. The
// keys are series ids, and in the tag index hashes of its keys.
//
// For n keys and a rate p of false positives, m = -n ln p / (ln 2)^2 bits and k = m/n ln 2 probes
// are the best (Bloom 1970); probes come from two hashes, h1 + i h2 (Kirsch, Mitzenmacher 2006).

import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { mixBits } from '../coding/hash.ts';

export interface BloomFilter {
  readonly bits: Uint8Array;
  readonly probes: number;
}

const PROBES_MAX = 30;

/** The rate that so many bits per key are good for, at the best number of probes. */
export function falsePositiveRateOf(bitsPerKey: number): number {
  return Math.exp(-bitsPerKey * Math.LN2 ** 2);
}

/** An empty filter for `keys` keys at `falsePositiveRate`, within 0 .. 1. */
export function createBloomFilter(keys: number, falsePositiveRate: number): BloomFilter {
  const bits = Math.ceil((-keys * Math.log(falsePositiveRate)) / Math.LN2 ** 2);
  const bytes = Math.max(1, Math.ceil(bits / 8));
  const probes = Math.round(((8 * bytes) / Math.max(1, keys)) * Math.LN2);
  return { bits: new Uint8Array(bytes), probes: Math.max(1, Math.min(PROBES_MAX, probes)) };
}

export function addToBloom(filter: BloomFilter, key: number): void {
  const { bits, probes } = filter;
  const size = bits.length * 8;
  const step = mixBits(key ^ 0x9e3779b9) | 1;
  let hash = mixBits(key);
  for (let i = 0; i < probes; i++) {
    const bit = hash % size;
    bits[bit >>> 3]! |= 1 << (bit & 7);
    hash = (hash + step) >>> 0;
  }
}

export function bloomMayContain(filter: BloomFilter, key: number): boolean {
  const { bits, probes } = filter;
  const size = bits.length * 8;
  const step = mixBits(key ^ 0x9e3779b9) | 1;
  let hash = mixBits(key);
  for (let i = 0; i < probes; i++) {
    const bit = hash % size;
    if ((bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    hash = (hash + step) >>> 0;
  }
  return true;
}

export function encodeBloom(filter: BloomFilter): Uint8Array {
  const writer = new ByteWriter(filter.bits.length + 1);
  writer.uint8(filter.probes);
  writer.bytes(filter.bits);
  return writer.copy();
}

export function decodeBloom(content: Uint8Array, path: string, offset: number): BloomFilter {
  const reader = new ByteReader(content, path, offset);
  const probes = reader.uint8();
  if (probes === 0 || probes > PROBES_MAX || reader.remaining === 0) {
    throw reader.corrupt('this is no Bloom filter');
  }
  return { bits: reader.bytes(reader.remaining), probes };
}
