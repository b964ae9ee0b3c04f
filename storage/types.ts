// What storage speaks with its callers: plain data, columns rather than objects.

import type { CorruptionError } from './errors.ts';
import type { EventBatch, EventScanRequest, EventSearch, StoredEvent } from './event-types.ts';
import type { Cardinality, StorageStats } from './figures.ts';
import type { StorageListener } from './listener.ts';
import type { Label, Labels, SeriesId } from './series/labels.ts';
import type { Matcher } from './series/matcher.ts';
import type { SeriesSlice, SliceRequest } from './slice-types.ts';
import type {
  CompactDueOptions,
  CompactionOutcome,
  RollupOptions,
  RollupOutcome,
  SnapshotInfo,
  SnapshotOptions,
} from './upkeep-types.ts';

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
  /** Of policies with tiers, what is read of which time; see PolicyRead. */
  sources?: PolicyRead[];
}

/** What answers for a range of a policy with tiers. */
export interface PolicyRead extends TimeRange {
  readonly policy: string;
  /** Of the tier that is read, the width of its steps, ms; undefined where points are. */
  readonly rollupMs?: number;
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
  /** What is kept of its points beside them, and after them. */
  readonly rollups?: readonly Rollup[];
}

/** A tier: each series summarised step by step, in windows of their own. */
export interface Rollup {
  /** Width of a step, ms; divides the width of the policy's windows. */
  readonly everyMs: number;
  /** How long a summary is kept, ms; Infinity for ever. */
  readonly keepMs: number;
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
  /** Of a tier of the policy, the width of its steps, ms; undefined where points are. */
  readonly rollupMs?: number;
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
  /**
   * Windows that have closed wait for `compactDue`, which the owner calls every now and then, and
   * not for a timer of the storage's own. Default false.
   */
  readonly closedWhenAsked?: boolean;
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
    /**
     * Bits of filter for each label set and label pair, in memory: of n lookups of what is not
     * there n * 0.62^bits read a block. Default 10, which is one in 120.
     */
    readonly bloomBitsPerKey?: number;
  };
  readonly series?: {
    /** Memory from which on series that are not in use are let go of. Default 64 MiB. */
    readonly cacheBytes?: number;
    /** A series is not forgotten for so long after it was resolved, ms. Default 60 s. */
    readonly forgetGraceMs?: number;
  };
  readonly compaction?: CompactionOptions;
  /** Decompressed blocks kept in memory. Default 256 MiB. */
  readonly blockCacheBytes?: number;
  /**
   * Filters and block indexes of tables kept in memory; of others they are read again. Those of the
   * tag index always are, and are not counted here. Default 64 MiB.
   */
  readonly pinnedBytes?: number;
  /** The scrubber reads all tables once in so long, ms; Infinity: it does not. Default 7 d. */
  readonly scrubEveryMs?: number;
  /**
   * Disk space kept back, so that a full disk can still be flushed to and expired from. With less
   * free space than this and a quarter, writes are refused once the disk was full. Default 64 MiB.
   */
  readonly reserveBytes?: number;
  /** Default: one policy called `default`, 30 d in windows of 2 h, for every series. */
  readonly policies?: PolicySet;
  readonly listener?: Partial<StorageListener>;
}

/** How many series there are of a kind, and the labels of some of them. */
export interface Census {
  readonly count: number;
  /** Evenly spread over the ids: over time, that is. */
  readonly sample: readonly Labels[];
}

/** One data directory, one writer. Every method may throw StorageError. */
export interface Storage {
  /**
   * Ids of label sets, in their order. Sets not seen before are registered when `admit` (called
   * once for each, by position) says so, and get 0 otherwise. Answers at once when no disk read is
   * needed.
   *
   * A series without points is forgotten after a while: whoever keeps an id for longer than
   * `series.forgetGraceMs` asks `renew` before points of it follow, or holds it.
   */
  resolve(
    labelSets: readonly Labels[],
    admit?: (position: number) => boolean,
  ): Uint32Array | Promise<Uint32Array>;
  /**
   * Whether an id that was resolved earlier still is its series', which then is as if just
   * resolved. It is not when the series was forgotten: its labels, resolved again, have a new id.
   */
  renew(id: SeriesId): boolean;
  /**
   * The id of a series in use by its canonical label bytes (encodeLabels), `bytes[0, length)`, or
   * 0; it is renewed as well. Bytes that are no label set have none: who has 0 asks `resolve`.
   */
  findInUse(bytes: Uint8Array, length: number): SeriesId;
  /** Keeps the series that `ids` lists, whenever it is asked, until the result is called. */
  holdSeries(ids: () => Iterable<SeriesId>): () => void;
  /** Index into `policies` of a series; undefined when it was not in use lately: see `load`. */
  policyOf(id: SeriesId): number | undefined;
  /** Labels of a series, likewise. */
  labelsOf(id: SeriesId): Labels | undefined;
  /** Brings series into use, as far as they are not forgotten; at once when all of them are. */
  load(ids: Uint32Array): Promise<void> | undefined;
  readonly policies: readonly Policy[];
  /** Series registered and not forgotten. */
  readonly seriesCount: number;

  /**
   * Appends points of resolved series. Resolves once they are as durable as `wal.sync` says; they
   * may be visible to scans before. The caller leaves the columns unchanged until then, and may
   * reuse them after. Rejects with RESOURCE_EXHAUSTED when flushing falls behind and UNAVAILABLE
   * when the disk is full or failing, or a series was forgotten since it was resolved.
   */
  append(batch: PointBatch): Promise<void>;

  /**
   * Appends events of resolved streams, as `append` does points. An event that was appended before
   * (same stream, time and body) is there once.
   */
  appendEvents(batch: EventBatch): Promise<void>;

  /** Batches of series in id order, each series once with all its points in the range. */
  scan(request: ScanRequest): AsyncIterable<readonly SeriesPoints[]>;
  /** The same, loaded and not decoded yet: for whoever decodes on other threads. */
  scanSlices(request: SliceRequest): AsyncIterable<SeriesSlice>;
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
   * Counts the series that satisfy all matchers, with the labels of at most `sampleMax` of them.
   * Reads postings of the index, however many points there are.
   */
  census(matchers: readonly Matcher[], sampleMax: number): Promise<Census>;

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
   * them goes as well, as long as the disk lets it be flushed. Unknown keys are skipped; so are
   * windows of which a tier lacks something that cannot be written now. Resolves once files that no
   * scan reads are unlinked.
   */
  dropWindows(keys: readonly string[]): Promise<readonly WindowInfo[]>;
  /**
   * Summarises closed windows for the tiers of their policies, and again where points came late or
   * were deleted. Safe to be cut short and to run twice. Rejects as far as the disk is in the way;
   * while that is full nothing is begun.
   */
  rollUp(options?: RollupOptions): Promise<RollupOutcome>;
  /** Takes new policies; stored windows stay under the policy they were written with. */
  setPolicies(policies: PolicySet): Promise<void>;

  /** Resolves once everything appended before is in SSTables. */
  flush(): Promise<void>;
  /**
   * Does what the pickers find due: levels of the tag index, windows with too many tables, and
   * those that have closed. Safe to be cut short and to run twice. The first two are never left to
   * whoever calls this: a flush sets them off. Rejects as far as the disk is in the way; while that
   * is full nothing is begun.
   */
  compactDue(options?: CompactDueOptions): Promise<CompactionOutcome>;
  /**
   * Resolves once no compaction is owed, and every window has one table (as far as inputBytesMax
   * lets it) of those that it had when this was called.
   */
  compact(): Promise<void>;
  /**
   * Makes a snapshot in `dir`, which must be absent or empty: everything appended before. Reads all
   * of it, at the pace of background work; one snapshot after another. Throws INVALID_ARGUMENT when
   * `dir` cannot be used.
   */
  snapshot(dir: string, options?: SnapshotOptions): Promise<SnapshotInfo>;
  stats(): StorageStats;
  /** Flushes, then lets go of the directory. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type { Cardinality, NamedCount, StorageStats } from './figures.ts';
export type * from './upkeep-types.ts';
export type { Label, Labels, Matcher, SeriesId };
