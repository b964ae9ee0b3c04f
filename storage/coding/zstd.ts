// The entropy stage: zstd frames (RFC 8878), one context for each direction and thread, reused.

import binding from 'zstd-napi/binding.js';
import { CorruptionError } from '../errors.ts';

/** Writes a source as one frame to the start of a target and returns its size. */
export type Compression = (target: Uint8Array, source: Uint8Array) => number;

const compression = new binding.CCtx();
compression.setParameter(binding.CParameter.compressionLevel, 1);
// In streams of little entropy, short matches by chance cost more than the literals they replace.
// Long ones, such as columns that occur twice, are found as before.
compression.setParameter(binding.CParameter.minMatch, 7);
// Text has structure that is worth looking for: a tenth less than level 1, for twice its time.
const textCompression = new binding.CCtx();
textCompression.setParameter(binding.CParameter.compressionLevel, 3);
const decompression = new binding.DCtx();

/** Room that a frame of `length` bytes may take at worst. */
export function frameBytesMax(length: number): number {
  return binding.compressBound(length);
}

/** For streams of numbers. */
export function compressFrame(target: Uint8Array, source: Uint8Array): number {
  return compression.compress2(target, source);
}

/** For streams of text. */
export function compressTextFrame(target: Uint8Array, source: Uint8Array): number {
  return textCompression.compress2(target, source);
}

/** Fills `target` with exactly what `frame`, at `offset` of the file `path`, holds. */
export function decompressFrame(
  target: Uint8Array,
  frame: Uint8Array,
  path: string,
  offset: number,
): void {
  let length: number;
  try {
    length = decompression.decompress(target, frame);
  } catch (cause) {
    throw new CorruptionError(path, offset, 'a zstd frame does not decompress', { cause });
  }
  if (length !== target.length) {
    const expectation = `expected ${target.length} B in a zstd frame, found ${length} B`;
    throw new CorruptionError(path, offset, expectation);
  }
}
