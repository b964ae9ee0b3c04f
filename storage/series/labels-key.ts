// What a series is looked up by: its canonical label bytes and their hash.

import { hashBytes } from '../coding/hash.ts';
import type { Labels } from './labels.ts';
import { LabelsEncoder } from './labels-codec.ts';

/** Canonical label bytes with their hash: computed once, asked of registry and tag index. */
export interface LabelsKey {
  /** Only the first `length` bytes count; a caller's buffer that is used again. */
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly hash: number;
}

/** The key of canonical bytes, `bytes[0, length)`, which stay where they are. */
export function keyIn(bytes: Uint8Array, length: number): LabelsKey {
  return { bytes, length, hash: hashBytes(bytes, 0, length) };
}

/** A copy that outlives the next key. */
export function keptKey({ bytes, length, hash }: LabelsKey): LabelsKey {
  return { bytes: bytes.slice(0, length), length, hash };
}

/** Makes keys in one reused buffer: a key is good until the next one is made. */
export function createLabelsKeys(): (labels: Labels) => LabelsKey {
  const encoder = new LabelsEncoder();
  const key = { bytes: encoder.bytes, length: 0, hash: 0 };
  return (labels) => {
    encoder.encode(labels);
    key.bytes = encoder.bytes;
    key.length = encoder.length;
    key.hash = hashBytes(encoder.bytes, 0, encoder.length);
    return key;
  };
}
