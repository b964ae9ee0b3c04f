// Byte strings as columns: all of their bytes, one after another, and where each of them ends.

export interface ByteColumn {
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
}

/** The byte string at `position`, as a view. */
export function bytesAt({ ends, bytes }: ByteColumn, position: number): Uint8Array {
  return bytes.subarray(position === 0 ? 0 : ends[position - 1]!, ends[position]!);
}
