// The one checksum of every file: CRC-32 with the IEEE polynomial (ISO 3309, as zip and Ethernet
// use it). node:zlib computes it with carry-less multiplication, at some GB/s.

import { crc32 } from 'node:zlib';

/** CRC-32 of `bytes`; with the checksum of what lies before them, that of both together. */
export function checksum(bytes: Uint8Array, before = 0): number {
  return crc32(bytes, before);
}
