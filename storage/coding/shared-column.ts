// Columns that grow, in shared memory: once one no longer changes, a worker reads it without a copy.

/** Of zeros. */
export function sharedColumn(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));
}

/** `column` with room for `length`, what is new being zero. */
export function grown(column: Uint32Array, length: number): Uint32Array {
  const wider = sharedColumn(length);
  wider.set(column);
  return wider;
}
