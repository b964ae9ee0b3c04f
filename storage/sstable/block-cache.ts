// Decompressed blocks in memory, bounded by bytes; the one that was not used for longest goes
// first. Files of every kind share it, as their numbers come from one counter.
//
// What a block is made into (its values, decoded) is kept beside it, in the same bytes. That takes
// many times the block's own, so it has a share, and needs a block that is used again and again: a
// scan over more than fits must not push out, block by block, what it will want the next time.

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
  /**
   * What `create` makes of a block in the cache that was asked for before, `bytes` of memory. It is
   * kept as long as the block is, and gives way to what others are made into that are used more.
   * Undefined when there is no room for it.
   */
  derived<T>(table: number, block: number, bytes: number, create: () => T): T | undefined;
  /** Forgets the blocks of a table that is gone. */
  dropTable(table: number): void;
}

/** Of all memory, what is derived from blocks has this much at most. */
const DERIVED_SHARE = 1 / 2;

interface Entry {
  readonly table: number;
  readonly key: number;
  readonly block: CachedBlock;
  /** When it was last asked for, and before that: a number that grows with every use. */
  lastUse: number;
  useBefore: number;
  derived: { readonly value: unknown; readonly bytes: number } | undefined;
}

/** A block larger than `bytesMax` is returned and not kept. */
export function createBlockCache(bytesMax: number): BlockCache {
  // A Map keeps the order of insertion: the first entry is the one used longest ago.
  const entries = new Map<number, Entry>();
  const reading = new Map<number, Promise<CachedBlock>>();
  const byTable = new Map<number, Set<number>>();
  /** Those with something derived, in the order of their last use. */
  const withDerived = new Map<number, Entry>();
  const derivedBytesMax = bytesMax * DERIVED_SHARE;
  let bytes = 0;
  let derivedBytes = 0;
  let uses = 0;
  let hits = 0;
  let misses = 0;

  function remove(entry: Entry): void {
    entries.delete(entry.key);
    bytes -= entry.block.sizeBytes;
    dropDerived(entry);
    const keys = byTable.get(entry.table);
    keys?.delete(entry.key);
    if (keys?.size === 0) byTable.delete(entry.table);
  }

  function dropDerived(entry: Entry): void {
    if (entry.derived === undefined) return;
    derivedBytes -= entry.derived.bytes;
    entry.derived = undefined;
    withDerived.delete(entry.key);
  }

  function insert(table: number, key: number, block: CachedBlock): void {
    if (block.sizeBytes > bytesMax) return;
    const none = { useBefore: 0, derived: undefined };
    entries.set(key, { table, key, block, lastUse: ++uses, ...none });
    bytes += block.sizeBytes;
    const keys = byTable.get(table);
    if (keys === undefined) byTable.set(table, new Set([key]));
    else keys.add(key);
    removeOldest();
  }

  function removeOldest(): void {
    for (const oldest of entries.values()) {
      if (bytes + derivedBytes <= bytesMax) break;
      remove(oldest);
    }
  }

  /** Whether `wanted` bytes are free, or have what was used longer ago than at `useBefore`. */
  function hasRoom(wanted: number, useBefore: number): boolean {
    if (wanted > derivedBytesMax) return false;
    for (const oldest of withDerived.values()) {
      if (derivedBytes + wanted <= derivedBytesMax) break;
      if (oldest.lastUse >= useBefore) return false;
      dropDerived(oldest);
    }
    return true;
  }

  async function readThrough<T extends CachedBlock>(
    table: number,
    key: number,
    read: () => Promise<T>,
  ): Promise<T> {
    try {
      const block = await read();
      // A read that dropTable let go of is not kept.
      if (reading.has(key)) insert(table, key, block);
      return block;
    } finally {
      reading.delete(key);
    }
  }

  return {
    get bytes() {
      return bytes + derivedBytes;
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
        entry.useBefore = entry.lastUse;
        entry.lastUse = ++uses;
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
    derived<T>(table: number, block: number, derivedSize: number, create: () => T) {
      const entry = entries.get(table * TABLE_BLOCKS_MAX + block);
      if (entry === undefined || entry.useBefore === 0) return undefined;
      if (entry.derived !== undefined) {
        withDerived.delete(entry.key);
        withDerived.set(entry.key, entry);
      } else {
        if (!hasRoom(derivedSize, entry.useBefore)) return undefined;
        entry.derived = { value: create(), bytes: derivedSize };
        withDerived.set(entry.key, entry);
        derivedBytes += derivedSize;
        removeOldest();
      }
      return entry.derived?.value as T | undefined;
    },
    dropTable(table) {
      for (const key of byTable.get(table) ?? []) remove(entries.get(key)!);
      for (const key of reading.keys()) {
        if (Math.floor(key / TABLE_BLOCKS_MAX) === table) reading.delete(key);
      }
    },
  };
}
