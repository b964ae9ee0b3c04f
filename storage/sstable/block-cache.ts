// Decompressed blocks in memory, bounded by bytes; the one that was not used for longest goes
// first. Files of every kind share it, as their numbers come from one counter.

import { TABLE_BLOCKS_MAX } from '../limits.ts';

/** What is kept of a block; `sizeBytes` is the memory it takes. */
export interface CachedBlock {
  readonly sizeBytes: number;
}

export interface BlockCache {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly hits: number;
  readonly misses: number;
  /**
   * The block `block` of the table with number `table`: at once when it is in memory, otherwise
   * through `read`. A block is of the same type whenever it is asked for.
   */
  get<T extends CachedBlock>(table: number, block: number, read: () => Promise<T>): T | Promise<T>;
  /** Forgets the blocks of a table that is gone. */
  dropTable(table: number): void;
}

interface Entry {
  readonly table: number;
  readonly key: number;
  readonly block: CachedBlock;
}

/** A block larger than `bytesMax` is returned and not kept. */
export function createBlockCache(bytesMax: number): BlockCache {
  // A Map keeps the order of insertion: the first entry is the one used longest ago.
  const entries = new Map<number, Entry>();
  const reading = new Map<number, Promise<CachedBlock>>();
  const byTable = new Map<number, Set<number>>();
  let bytes = 0;
  let hits = 0;
  let misses = 0;

  function remove(entry: Entry): void {
    entries.delete(entry.key);
    bytes -= entry.block.sizeBytes;
    const keys = byTable.get(entry.table);
    keys?.delete(entry.key);
    if (keys?.size === 0) byTable.delete(entry.table);
  }

  function insert(entry: Entry): void {
    if (entry.block.sizeBytes > bytesMax) return;
    entries.set(entry.key, entry);
    bytes += entry.block.sizeBytes;
    const keys = byTable.get(entry.table);
    if (keys === undefined) byTable.set(entry.table, new Set([entry.key]));
    else keys.add(entry.key);
    for (const oldest of entries.values()) {
      if (bytes <= bytesMax) break;
      remove(oldest);
    }
  }

  async function readThrough<T extends CachedBlock>(
    table: number,
    key: number,
    read: () => Promise<T>,
  ): Promise<T> {
    try {
      const block = await read();
      // A read that dropTable let go of is not kept.
      if (reading.has(key)) insert({ table, key, block });
      return block;
    } finally {
      reading.delete(key);
    }
  }

  return {
    get bytes() {
      return bytes;
    },
    bytesMax,
    get hits() {
      return hits;
    },
    get misses() {
      return misses;
    },
    get<T extends CachedBlock>(table: number, block: number, read: () => Promise<T>) {
      const key = table * TABLE_BLOCKS_MAX + block;
      const entry = entries.get(key);
      if (entry !== undefined) {
        hits++;
        entries.delete(key);
        entries.set(key, entry);
        return entry.block as T;
      }
      // Readers of one block at one time share one read.
      const underWay = reading.get(key);
      if (underWay !== undefined) {
        hits++;
        return underWay as Promise<T>;
      }
      misses++;
      const shared = readThrough(table, key, read);
      reading.set(key, shared);
      return shared;
    },
    dropTable(table) {
      for (const key of byTable.get(table) ?? []) remove(entries.get(key)!);
      for (const key of reading.keys()) {
        if (Math.floor(key / TABLE_BLOCKS_MAX) === table) reading.delete(key);
      }
    },
  };
}
