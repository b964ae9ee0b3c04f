// The block with a table's bloom filter:   | probes: u8 | bits |

import type { BloomFilter } from '../sstable/bloom.ts';

export function encodeFilter({ bits, probes }: BloomFilter): Uint8Array {
  const block = new Uint8Array(1 + bits.length);
  block[0] = probes;
  block.set(bits, 1);
  return block;
}

export function decodeFilter(block: Uint8Array): BloomFilter {
  return { probes: block[0]!, bits: block.subarray(1) };
}
