// Columns of numbers as bytes and back, at the speed of memcpy: numbers keep the order of bytes
// they have in memory, which is that of the files.

import { assert } from '../assert.ts';

assert(new Uint8Array(Uint16Array.of(1).buffer)[0] === 1, 'the host is little-endian');

/** The memory of a column, not copied. */
export function asBytes(column: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** `count` doubles at `offset` of `bytes`, aligned or not, as a copy that keeps every bit. */
export function copyFloat64s(bytes: Uint8Array, offset: number, count: number): Float64Array {
  const column = new Float64Array(count);
  asBytes(column).set(bytes.subarray(offset, offset + column.byteLength));
  return column;
}

export function copyUint32s(bytes: Uint8Array, offset: number, count: number): Uint32Array {
  const column = new Uint32Array(count);
  asBytes(column).set(bytes.subarray(offset, offset + column.byteLength));
  return column;
}
