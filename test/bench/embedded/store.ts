// What stores that a Node developer would embed are asked to do with points, varve among them.

import type { PointBatch } from '../../../storage/index.ts';

export interface EmbeddedStore {
  readonly name: string;
  /** Durable once it resolves: synced. `ids` are 1 .. series. */
  append(batch: PointBatch): Promise<void>;
  /** Brings the files into the state that the store would have them in at rest. */
  settle(): Promise<void>;
  /** How many points of a series lie in the range, and their sum: every one is read. */
  read(id: number, startMs: number, endMs: number): Promise<{ count: number; sum: number }>;
  close(): Promise<void>;
}

/** Bytes of a key in the ordered stores: series and timestamp, so that a range is one run. */
const KEY_BYTES = 12;

/** Big-endian, so that keys are ordered like what they hold. */
export function keyOf(id: number, timestampMs: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt32BE(id, 0);
  key.writeUIntBE(timestampMs, 6, 6);
  key.writeUInt16BE(0, 4);
  return key;
}

/** A little-endian float64. */
export function encodedValue(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleLE(value, 0);
  return bytes;
}
