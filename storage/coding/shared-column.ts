// Columns that grow, in shared memory: a worker reads one that no longer changes without a copy.

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
