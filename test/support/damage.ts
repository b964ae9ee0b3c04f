/** Flips one bit of `bytes` and returns them. */
export function flipBit(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  bytes[at] = bytes[at]! ^ (1 << bit);
  return bytes;
}
