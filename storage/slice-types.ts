// What a scan hands out undecoded, and the plain data that takes it to another thread.

import type { Labels } from './series/labels.ts';
import type { SeriesRuns } from './series/series-runs.ts';
import type { SummaryField } from './sstable/format.ts';
import type { ScanRequest, TimeRange } from './types.ts';

/** How much of a scan is loaded at once. */
export interface SliceRequest extends ScanRequest {
  /** Points of one slice, about. Default a million. */
  readonly slicePoints?: number;
  /** Series of one slice at most. Default 1024. */
  readonly sliceSeries?: number;
  /** Slices come in multiples of it, of about the same size. Default 1. */
  readonly sliceMultiple?: number;
  /** Lets summaries stand in for points; without it, points alone are read. */
  readonly rollups?: RollupRequest;
}

/** What is wanted of summaries, where they are read. */
export interface RollupRequest {
  /**
   * Steps whose width divides it give the same answer as points: they are read instead of these.
   * Others are read only where the points were dropped. 0: none does.
   */
  readonly exactMs: number;
  /**
   * Fields to read, the first one as `values`. Without fields a step stands for its last point, and
   * for a stale marker that follows it.
   */
  readonly fields?: readonly SummaryField[];
  /** Width of the ranges looked at: a step that is wider is seen as long as it lasts. */
  readonly rangeMs: number;
}

/** What a scan has loaded of some series; each has a point in the range, most likely. */
export interface SeriesSlice {
  /** By position. A series whose labels are lost to damage cannot be told from others: left out. */
  readonly labels: readonly (Labels | undefined)[];
  /** Points that are read at most; those next to the range that share its chunks count too. */
  readonly pointsMax: number;
  /** How many of them are kept decoded, and take less to be read. */
  readonly pointsDecoded: number;
  /** For reading it here. */
  open(): SliceReader;
  /** For reading it on another thread, with openSlice. */
  encode(): EncodedSlice;
}

export interface SliceReader {
  /**
   * The points of the series at `position`, which never goes back. Nobody changes the timestamps,
   * which are the same array for as long as series share them; the values are overwritten by the
   * next read.
   */
  read(position: number): SlicePoints;
}

export interface SlicePoints {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** What is known of the values: none is NaN, or moreover none is below the one before it. */
  readonly shape?: 'numbers' | 'rising' | undefined;
  /** See SeriesPoints. */
  readonly isEvents?: boolean;
  /**
   * By field asked for, when the series has summaries: a point stands for what it would be alone.
   * Times are the ends of steps; `first_ms` and `last_ms` are times since the epoch. Steps without
   * points are left out.
   */
  readonly fields?: readonly Float64Array[];
}

/** A slice for another thread: plain data. */
export interface EncodedSlice extends TimeRange {
  readonly ids: Uint32Array;
  /** Oldest first. */
  readonly tables: readonly {
    readonly blocks: readonly BlockContent[];
    readonly tombstones: readonly SliceTombstone[];
  }[];
  /** Of each memtable, oldest first; made for this slice alone, so that it can be transferred. */
  readonly memory: readonly PackedRuns[];
  /** As `memory`; undefined when no series has any. */
  readonly events: PackedRuns | undefined;
  readonly summaries?: EncodedSummaries;
}

/** Summaries beside the points of a slice. */
export interface EncodedSummaries {
  readonly request: RollupRequest;
  readonly tiers: readonly EncodedTier[];
}

export interface EncodedTier {
  readonly everyMs: number;
  /** Whether a step that is wider than the range looked at is seen as long as it lasts ... */
  readonly isHeld: boolean;
  /** ... which is not beyond this time, when points begin. */
  readonly heldUntilMs: number;
  /** By field that is read, in the order of the request. */
  readonly fields: readonly EncodedSlice[];
  /** Where points may lie beside steps: when those of a step begin and end. Empty: nowhere. */
  readonly reach: readonly EncodedSlice[];
}

/** Hides the points of some series in a range. */
export interface SliceTombstone extends TimeRange {
  readonly sequence: number;
  readonly series: SeriesRuns;
}

/** The frames of a block, decompressed, in memory that threads share: all that a reader needs. */
export interface BlockContent {
  readonly bytes: Uint8Array;
  /** By frame, its bytes; they lie one after another. */
  readonly frameLengths: Uint32Array;
  /** Where it came from, for errors. */
  readonly path: string;
  readonly offset: number;
  /** Where decoded values are kept, see sstable/decoded-block.ts; absent: nowhere. */
  readonly decoded?: SharedArrayBuffer;
}

/** Columns of all series of a slice, one behind the other. */
export interface PackedRuns {
  /** By position, where the points of the series end. */
  readonly ends: Uint32Array;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}
