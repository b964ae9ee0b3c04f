// The bytes of an SSTable that its parts share; docs/format/sstable.md draws them. Numbers here are
// on disk and not to be renumbered.
//
//   magic | block ... | series ids | bloom filter | block index | footer | magic
//
// Every part between the magics ends in its checksum, and the parts leave no gap.

export const TABLE_VERSION = 1;

/** How a table is written. Both kinds are built alike; see docs/format/events.md. */
export type TableKind = 'points' | 'events';

/**
 * What is kept of the points of a step, each field in a table of its own, which is written like one
 * of points. The order is on disk; see docs/format/rollups.md.
 */
export const SUMMARY_FIELDS = [
  'count',
  'sum',
  'min',
  'max',
  'first',
  'last',
  'resets',
  'first_ms',
  'last_ms',
] as const;
export type SummaryField = (typeof SUMMARY_FIELDS)[number];

/** What the tables of a window hold. Only like is merged with like. */
export const TABLE_CONTENTS = ['points', 'events', ...SUMMARY_FIELDS] as const;
export type TableContent = (typeof TABLE_CONTENTS)[number];

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
