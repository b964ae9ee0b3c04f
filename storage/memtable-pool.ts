// Memory for memtables, used again and again: touching fresh pages for the first time costs more
// than all that is then written to them.

import { createMemtable, type Memtable } from './memtable.ts';

export interface MemtablePool {
  /** What a memtable takes, and the events beside it. */
  readonly bytesMax: number;
  /** An empty memtable. */
  take(): Memtable;
  /** Takes back a memtable that nobody reads any more. */
  give(memtable: Memtable): void;
}

/** Memtables of `bytesMax`; the memory of at most `keptMax` waits for its next use. */
export function createMemtablePool(bytesMax: number, keptMax: number): MemtablePool {
  const arenas: SharedArrayBuffer[] = [];
  return {
    bytesMax,
    take: () => createMemtable(bytesMax, arenas.pop()),
    give(memtable) {
      if (arenas.length < keptMax) arenas.push(memtable.seal().buffer);
    },
  };
}
