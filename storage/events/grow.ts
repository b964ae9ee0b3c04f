// Columns that grow: to twice their size whenever they are full.

/** `bytes` with room for `needed`, with what was in it. */
export function growBytes(bytes: Uint8Array, needed: number): Uint8Array {
  if (needed <= bytes.length) return bytes;
  const grown = new Uint8Array(grownBuffer(bytes, needed));
  grown.set(bytes);
  return grown;
}

export function growUint32s(column: Uint32Array, needed: number): Uint32Array {
  if (needed <= column.length) return column;
  const grown = new Uint32Array(grownBuffer(column, needed));
  grown.set(column);
  return grown;
}

export function growFloat64s(column: Float64Array, needed: number): Float64Array {
  if (needed <= column.length) return column;
  const grown = new Float64Array(grownBuffer(column, needed));
  grown.set(column);
  return grown;
}

/** Shared memory stays shared. */
function grownBuffer(
  { buffer, length, BYTES_PER_ELEMENT }: Uint8Array | Uint32Array | Float64Array,
  needed: number,
): ArrayBufferLike {
  const bytes = Math.max(needed, length * 2) * BYTES_PER_ELEMENT;
  return buffer instanceof SharedArrayBuffer
    ? new SharedArrayBuffer(bytes)
    : new ArrayBuffer(bytes);
}
