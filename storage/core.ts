// What the parts of a running engine share.

import type { Catalog } from './catalog.ts';
import type { Env } from './env/env.ts';
import type { FileHandles } from './file-handles.ts';
import type { IoBudget } from './io-budget.ts';
import type { MemtablePool } from './memtable-pool.ts';
import type { Settings } from './options.ts';
import type { Reserve } from './reserve.ts';
import type { SeriesDirectory } from './series-directory.ts';
import type { BlockCache } from './sstable/block-cache.ts';
import type { Trouble } from './trouble.ts';

export interface Core {
  /** The data directory. */
  readonly dir: string;
  readonly env: Env;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly series: SeriesDirectory;
  readonly memtables: MemtablePool;
  readonly blockCache: BlockCache;
  /** Filters and indexes of tables, of those that were used last. */
  readonly pinned: BlockCache;
  readonly handles: FileHandles;
  /** What compactions may read and write, and what flushes take ahead of them. */
  readonly io: IoBudget;
  readonly counters: Counters;
  readonly trouble: Trouble;
  readonly reserve: Reserve;
}

/** Rising since the engine was opened. */
export interface Counters {
  flushes: number;
  flushBytesWritten: number;
  windowsDropped: number;
  seriesForgotten: number;
  deletes: number;
  indexCompactions: number;
  indexBytesWritten: number;
  windowCompactions: number;
  windowBytesRead: number;
  windowBytesWritten: number;
  /** Windows of sources summarised, again included; what that gave, and took. */
  windowsRolledUp: number;
  rollupSteps: number;
  rollupBytesWritten: number;
  scans: number;
  scanTables: number;
  blocksRead: number;
  blocksUsed: number;
}

export function createCounters(): Counters {
  return {
    flushes: 0,
    flushBytesWritten: 0,
    windowsDropped: 0,
    seriesForgotten: 0,
    deletes: 0,
    indexCompactions: 0,
    indexBytesWritten: 0,
    windowCompactions: 0,
    windowBytesRead: 0,
    windowBytesWritten: 0,
    windowsRolledUp: 0,
    rollupSteps: 0,
    rollupBytesWritten: 0,
    scans: 0,
    scanTables: 0,
    blocksRead: 0,
    blocksUsed: 0,
  };
}
