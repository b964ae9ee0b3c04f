// The bytes of an SSTable that its parts share; docs/format/sstable.md draws them. Numbers here are
// on disk and not to be renumbered.
//
//   magic | block ... | series ids | bloom filter | block index | footer | magic
//
// Every part between the magics ends in its checksum, and the parts leave no gap.

export const TABLE_VERSION = 1;

/** What the tables of a window hold. Both kinds are built alike; see docs/format/events.md. */
export const TABLE_KINDS = ['points', 'events'] as const;
export type TableKind = (typeof TABLE_KINDS)[number];

export const TABLE_MAGICS: Readonly<Record<TableKind, Uint8Array>> = {
  points: new TextEncoder().encode('varveSST'),
  events: new TextEncoder().encode('varveEVT'),
};

/** Of either kind. */
export const MAGIC_BYTES = 8;

export const CHECKSUM_BYTES = 4;

/** Where a part lies in the file; `size` includes its checksum. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** The window that all points of a table lie in. */
export interface TableWindow {
  readonly policyId: number;
  /** [windowStartMs, windowEndMs). */
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

/** What a table says of itself: all that is known without its place in a manifest. */
export interface TableSummary extends TableWindow {
  readonly sizeBytes: number;
  /** First and last timestamp that occurs, ms; both included. */
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  /** Smallest and largest series id that occurs; both included. */
  readonly firstSeries: number;
  readonly lastSeries: number;
  readonly seriesCount: number;
  readonly pointCount: number;
}
