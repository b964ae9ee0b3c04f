// Decompressed blocks by file and position, least recently used first out.

export interface BlockCache {
  get(file: number, block: number): Uint8Array | undefined;
  set(file: number, block: number, bytes: Uint8Array): void;
}

export function createBlockCache(bytesMax: number): BlockCache {
  const blocks = new Map<number, Uint8Array>();
  const keyOf = (file: number, block: number) => file * 2 ** 20 + block;
  let bytes = 0;
  return {
    get(file, block) {
      const key = keyOf(file, block);
      const found = blocks.get(key);
      if (found === undefined) return undefined;
      blocks.delete(key);
      blocks.set(key, found);
      return found;
    },
    set(file, block, value) {
      blocks.set(keyOf(file, block), value);
      bytes += value.length;
      for (const [key, oldest] of blocks) {
        if (bytes <= bytesMax) break;
        blocks.delete(key);
        bytes -= oldest.length;
      }
    },
  };
}
