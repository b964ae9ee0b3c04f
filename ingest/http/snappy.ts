// Snappy's block format, which Prometheus sends: it says its size first, so a block that would be
// too large is refused before there is memory for it.
// https://github.com/google/snappy/blob/main/format_description.txt

import { uncompressSync } from 'snappy';
import { readVarint, wireCursor } from '../decode/wire.ts';
import { malformed } from '../errors.ts';
import { tooLarge } from './body.ts';

/** A copy of at most 64 bytes takes 3: no block unfolds further than this. */
const RATIO_MAX = 64 / 3;

/**
 * The content of the block, in memory of its own that can be let go of; `hold` is told of its size
 * before memory is taken.
 */
export function uncompressBlock(
  block: Buffer,
  sizeMax: number,
  hold: (bytes: number) => void,
): Buffer {
  const size = readSize(block);
  if (size > sizeMax) throw tooLarge('the uncompressed body', sizeMax);
  if (size > block.length * RATIO_MAX)
    throw malformed('snappy body: it cannot hold what it claims');
  hold(size);
  try {
    return uncompressSync(block, { copyOutputData: true }) as Buffer;
  } catch (error) {
    throw malformed(`snappy body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readSize(block: Buffer): number {
  try {
    return readVarint(wireCursor(block));
  } catch {
    throw malformed('snappy body: it is no block of Snappy');
  }
}
