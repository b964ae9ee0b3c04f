// Figures that storage tells of itself.

export interface StorageStats {
  readonly series: number;
  /** Events included. */
  readonly pointsAppended: number;
  readonly events: {
    /** Since the start. */
    readonly appended: number;
    /** In tables, and the size of these. */
    readonly stored: number;
    readonly tableBytes: number;
  };
  readonly batchesAppended: number;
  readonly memtable: { readonly points: number; readonly bytes: number; readonly sealed: number };
  readonly wal: {
    readonly segments: number;
    readonly bytes: number;
    readonly bytesWritten: number;
    readonly syncs: number;
  };
  readonly flushes: number;
  readonly flushBytesWritten: number;
  /** Merges of tables of windows. */
  readonly compactions: number;
  readonly compactionBytesRead: number;
  readonly compactionBytesWritten: number;
  /** Tables in the window that waits most to be merged: what slows and stops writes. */
  readonly compactionDebt: number;
  /** What the tables would take if every window had one: estimated, see stats.ts. */
  readonly mergedTableBytes: number;
  readonly windowsDropped: number;
  /** Since the start. */
  readonly seriesForgotten: number;
  /** Memory of the series in use. */
  readonly seriesCacheBytes: number;
  /** Deletes since the start that had something to hide. */
  readonly deletes: number;
  /** Deletes, also of earlier runs, that are not applied to every table yet. */
  readonly tombstones: number;
  readonly windows: number;
  readonly tables: number;
  readonly tableBytes: number;
  readonly tablePoints: number;
  readonly index: {
    readonly levels: readonly { readonly tables: number; readonly bytes: number }[];
    readonly compactions: number;
    readonly bytesWritten: number;
  };
  readonly blockCache: {
    readonly bytes: number;
    readonly bytesMax: number;
    readonly hits: number;
    readonly misses: number;
  };
  /** Filters and indexes of tables of points. */
  readonly pinned: { readonly bytes: number; readonly bytesMax: number };
  /** Handles of table files. `max` falls when the system runs out: `exhausted` times so far. */
  readonly handles: { readonly open: number; readonly max: number; readonly exhausted: number };
  /**
   * What the scrubber read since the start, and found; when it ended its last whole pass, and how
   * long one should take: Infinity when there is none.
   */
  readonly scrub: {
    readonly everyMs: number;
    readonly bytes: number;
    readonly damages: number;
    readonly lastPassMs?: number;
  };
  /** Wall time in which writes had to wait, ms. */
  readonly writeStallMs: number;
  readonly scans: number;
  /** Tables of which a scan read a block, summed over scans. */
  readonly scanTables: number;
  /** Blocks that scans asked for, from the cache or the disk. */
  readonly blocksRead: number;
  /** Of these, the ones that had a point of the answer. */
  readonly blocksUsed: number;
  /** Tables put aside since the start, because they cannot be read. */
  readonly quarantined: number;
  /** Whether the disk is full or fails, and writes are refused until it is not. */
  readonly readOnly: boolean;
  /** Appends refused since the start, by reason. */
  readonly refusals: {
    readonly diskFull: number;
    readonly diskFailing: number;
    /** Memory was full, and flushing too slow. */
    readonly flushBehind: number;
    /** Times that the disk began to be in the way. */
    readonly troubles: number;
  };
}

/** A name, a value or a `name=value` pair with its figure. */
export interface NamedCount {
  readonly name: string;
  readonly count: number;
}

/** Lists have the largest figures first. */
export interface Cardinality {
  readonly labelPairs: number;
  readonly seriesByMetric: readonly NamedCount[];
  readonly valuesByLabel: readonly NamedCount[];
  /** Characters of all values of a label. */
  readonly charactersByLabel: readonly NamedCount[];
  readonly seriesByPair: readonly NamedCount[];
}
