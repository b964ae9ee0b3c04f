// A file that is just bytes, for readers of one file.

import type { ReadableFile } from '../../storage/env/env.ts';

export function memoryFile(bytes: Uint8Array): ReadableFile {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    close: async () => {},
  };
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
