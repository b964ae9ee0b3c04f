// What storage speaks with its callers: plain data, columns rather than objects.

import type { Cardinality } from './cardinality-types.ts';
import type { CorruptionError } from './errors.ts';
import type { EventBatch, EventScanRequest, EventSearch, StoredEvent } from './event-types.ts';
import type { Label, Labels, SeriesId } from './series/labels.ts';
import type { Matcher } from './series/matcher.ts';

/** Points to append, as parallel columns of the same length. */
export interface PointBatch {
  readonly ids: Uint32Array;
  /** Integer ms since the epoch, within +-2^53. */
  readonly timestampsMs: Float64Array;
  /** Kept bit for bit. */
  readonly values: Float64Array;
}

/** The points of one series in a range: strictly ascending timestamps, unless they are events. */
export interface SeriesPoints {
  readonly id: SeriesId;
  readonly labels: Labels;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** Of a stream: each event is a point of value 1, and several may have one timestamp. */
  readonly isEvents?: boolean;
}

/** Half-open: startMs <= t < endMs. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** What a scan has read so far. */
export interface ScanCost {
  /** Windows and tables that meet the range. */
  windows: number;
  tables: number;
  /** Times that a table's filter ruled it out for the series at hand. */
  tablesSkipped: number;
  /** Blocks read from files and their bytes there; and blocks that were in memory. */
  blocksRead: number;
  bytesRead: number;
  blocksCached: number;
}

export interface ScanRequest extends TimeRange {
  /** A series is scanned when it satisfies all matchers of at least one of these lists. */
  readonly selectors: readonly (readonly Matcher[])[];
  /** Stops the scan between blocks. */
  readonly signal?: AbortSignal;
  /** Added to as the scan goes on. */
  readonly cost?: ScanCost;
  /** Told of each damaged block that is passed over; without it, damage ends the scan. */
  readonly onCorruption?: (error: CorruptionError) => void;
  /** Leaves events out: for whoever reads them with scanEvents. */
  readonly withoutEvents?: boolean;
}

/** How long points of a group of series live, and the width of the windows they lie in. */
export interface Policy {
  /** Unique among the policies in force. */
  readonly name: string;
  /** How long a point is kept, ms; Infinity for ever. */
  readonly keepMs: number;
  /** Width of a window, ms; windows start at multiples of it. */
  readonly windowMs: number;
}

/** Policies in force, and which of them a series belongs to (an index into `policies`). */
export interface PolicySet {
  readonly policies: readonly Policy[];
  policyOf(labels: Labels): number;
}

/** One window on disk. `key` is its identity for `dropWindows`. */
export interface WindowInfo extends TimeRange {
  readonly key: string;
  readonly policy: Policy;
  readonly tables: number;
  readonly points: number;
  /** Sum over its tables: a series in two tables counts twice. */
  readonly series: number;
  readonly sizeBytes: number;
}

export type WalSync = 'group' | 'interval' | 'os';

/** How the tables of a window are merged. */
export interface CompactionOptions {
  /** Bytes per second that merges may read and write; `auto` is half the disk's. Default auto. */
  readonly rate?: number | 'auto';
  /** Tables of similar size that are merged while a window takes points. Default 4. */
  readonly fanIn?: number;
  /** Tables in a window from which writes are slowed, and merged whatever their sizes. 24. */
  readonly slowdownTables?: number;
  /** Tables in a window from which nothing more is flushed before some are merged. 48. */
  readonly stopTables?: number;
  /** A window is merged into one table so long after its end, ms. Default 15 min. */
  readonly graceMs?: number;
  /** Late points wait to be merged until their window was quiet for so long, ms: 1 h; ... */
  readonly quietMs?: number;
  /** ... or until they are this share of its bytes, within 0 .. 1. Default 0.25. */
  readonly lateShare?: number;
  /** Bytes that one merge reads: a window with more keeps several tables. Default 16 GiB. */
  readonly inputBytesMax?: number;
  /** Points that one job merges: what the memory of a merge follows. Default 2^20. */
  readonly jobPoints?: number;
}

export interface StorageOptions {
  readonly wal?: {
    /** When an append resolves: after a shared fsync, or before one. Default group. */
    readonly sync?: WalSync;
    /** ms between fsyncs with `interval`. Default 200. */
    readonly intervalMs?: number;
  };
  readonly memtable?: {
    /** A memtable is sealed at this size. Default 64 MiB. */
    readonly bytesMax?: number;
    /** A memtable is sealed at this age. Default 30 min. */
    readonly ageMsMax?: number;
    /** Sealed memtables that may wait for their flush before writes have to wait. Default 2. */
    readonly sealedMax?: number;
  };
  /** How long an append waits for room in a memtable before it is refused, ms. Default 5000. */
  readonly writeWaitMsMax?: number;
  readonly index?: {
    /** Tables of level 0 that call for a compaction. Default 4. */
    readonly levelZeroTables?: number;
    /** Bytes that level 1 may hold. Default 16 MiB. */
    readonly levelOneBytes?: number;
    /** What each further level may hold, as a multiple of the one above. Default 10. */
    readonly levelRatio?: number;
    /** Size of a table that compaction writes. Default 2 MiB. */
    readonly tableBytes?: number;
  };
  readonly compaction?: CompactionOptions;
  /** Decompressed blocks kept in memory. Default 256 MiB. */
  readonly blockCacheBytes?: number;
  /**
   * Disk space kept back, so that a full disk can still be flushed to and expired from. With less
   * free space than this and a quarter, writes are refused once the disk was full. Default 64 MiB.
   */
  readonly reserveBytes?: number;
  /** Default: one policy called `default`, 30 d in windows of 2 h, for every series. */
  readonly policies?: PolicySet;
  readonly listener?: Partial<StorageListener>;
}

/** What happens inside, for logs and metrics. Called synchronously; must not throw. */
export interface StorageListener {
  walSynced(info: { durationMs: number; bytes: number; batches: number }): void;
  recovered(info: RecoveryInfo): void;
  flushed(info: { durationMs: number; points: number; tables: number; bytes: number }): void;
  indexCompacted(info: {
    durationMs: number;
    level: number;
    bytesIn: number;
    bytesOut: number;
  }): void;
  windowCompacted(info: {
    durationMs: number;
    tables: number;
    points: number;
    bytesIn: number;
    bytesOut: number;
  }): void;
  windowDropped(info: WindowInfo): void;
  corruption(error: Error): void;
  /** A background task failed, and is tried again. */
  backgroundError(error: Error): void;
}

export interface RecoveryInfo {
  readonly durationMs: number;
  readonly walSegments: number;
  readonly walRecords: number;
  readonly points: number;
  /** Bytes of a torn last record that were cut off. */
  readonly tornBytes: number;
  /** Files that no manifest edit mentions and that were removed. */
  readonly orphansRemoved: number;
  /** Whether the last run ended without close(). */
  readonly unclean: boolean;
}

export interface StorageStats {
  readonly series: number;
  readonly pointsAppended: number;
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

/** One data directory, one writer. Every method may throw StorageError. */
export interface Storage {
  /**
   * Ids of label sets, in their order. Sets not seen before are registered when `admit` (called
   * once for each, by position) says so, and get 0 otherwise. Answers at once when no disk read is
   * needed.
   */
  resolve(
    labelSets: readonly Labels[],
    admit?: (position: number) => boolean,
  ): Uint32Array | Promise<Uint32Array>;
  /** Index into `policies` of a resolved series. */
  policyOf(id: SeriesId): number;
  readonly policies: readonly Policy[];
  /** Series registered and not forgotten. */
  readonly seriesCount: number;

  /**
   * Appends points of resolved series. Resolves once they are as durable as `wal.sync` says; they
   * may be visible to scans before. The caller leaves the columns unchanged until then, and may
   * reuse them after. Rejects with RESOURCE_EXHAUSTED when flushing falls behind and UNAVAILABLE
   * when the disk is full or failing.
   */
  append(batch: PointBatch): Promise<void>;

  /**
   * Appends events of resolved streams, as `append` does points. An event that was appended before
   * (same stream, time and body) is there once.
   */
  appendEvents(batch: EventBatch): Promise<void>;

  /** Batches of series in id order, each series once with all its points in the range. */
  scan(request: ScanRequest): AsyncIterable<readonly SeriesPoints[]>;
  /** Batches of events: streams in id order, each with its events in the order of time. */
  scanEvents(request: EventScanRequest): AsyncIterable<readonly StoredEvent[]>;
  /** The first events of the range, from the end that `direction` says, in that order. */
  findEvents(search: EventSearch): Promise<readonly StoredEvent[]>;
  /** Label sets with a point in the range's windows, in id order; without a range, all. */
  series(selectors: ScanRequest['selectors'], range?: TimeRange): Promise<readonly Labels[]>;
  /** Sorted label names of those series; without selectors, of all series. */
  labelNames(selectors?: ScanRequest['selectors'], range?: TimeRange): Promise<readonly string[]>;
  labelValues(
    name: string,
    selectors?: ScanRequest['selectors'],
    range?: TimeRange,
  ): Promise<readonly string[]>;

  /** The `top` metrics, labels and pairs with the most series. Reads all postings of the index. */
  cardinality(top: number): Promise<Cardinality>;

  /**
   * Deletes the points of the selected series in the range that were written before the call. They
   * are hidden once this resolves, for good; points written later, also at the same times, are not
   * concerned. Costs no more than an index lookup when there are none. Rejects with
   * RESOURCE_EXHAUSTED when too many deletes wait to be applied, and with UNAVAILABLE when the disk
   * is full or failing: then the delete may still come to hold.
   */
  deletePoints(selectors: ScanRequest['selectors'], range: TimeRange): Promise<void>;
  /**
   * Resolves once the disk is rid of what was deleted before, as far as its tables can be read:
   * one table at a time is written again, and takes its own size until it replaces the old one.
   */
  cleanTombstones(): Promise<void>;

  windows(): readonly WindowInfo[];
  /**
   * Drops whole windows: no data file is rewritten, scans under way complete. What memory has of
   * them goes as well, as long as the disk lets it be flushed. Unknown keys are skipped.
   */
  dropWindows(keys: readonly string[]): Promise<readonly WindowInfo[]>;
  /** Takes new policies; stored windows stay under the policy they were written with. */
  setPolicies(policies: PolicySet): Promise<void>;

  /** Resolves once everything appended before is in SSTables. */
  flush(): Promise<void>;
  /**
   * Resolves once no compaction is owed, and every window has one table (as far as inputBytesMax
   * lets it) of those that it had when this was called.
   */
  compact(): Promise<void>;
  stats(): StorageStats;
  /** Flushes, then lets go of the directory. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type { Label, Labels, Matcher, SeriesId };
