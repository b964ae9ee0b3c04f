// Which tables of one window to merge next, as a pure function.
//
// A window that takes points is merged by size, so that a point is rewritten about once for each
// tier (size-tiered compaction, as in Bigtable's descendants); once it has closed, into one table.
// Of the tables of a window only neighbours in the order of writing are merged, as the result takes
// one place in that order. Points of two windows never meet.

import type { TableMeta } from '../manifest/edit.ts';

export interface WindowLimits {
  /** Tables of similar size that are merged while a window takes points. */
  readonly fanIn: number;
  /** From so many tables on, a window is merged whatever their sizes. */
  readonly tablesMax: number;
  /**
   * A window has closed so long after its end, and after its last table, ms: by then most late
   * points have come, and what is loaded from the past is not rewritten while it still comes in.
   */
  readonly graceMs: number;
  /** Late points wait in small tables until their window has been quiet for so long, ms ... */
  readonly quietMs: number;
  /** ... or until the small tables are this share of the window's bytes, within 0 .. 1. */
  readonly lateShare: number;
  /** Bytes that one merge reads; tables that would exceed it together stay apart. */
  readonly inputBytesMax: number;
  /** Tables that one merge reads: each takes a file handle and a block of memory. */
  readonly inputTablesMax: number;
}

export const DEFAULT_WINDOW_LIMITS: WindowLimits = {
  fanIn: 4,
  tablesMax: 24,
  graceMs: 15 * 60_000,
  quietMs: 60 * 60_000,
  lateShare: 0.25,
  inputBytesMax: 16 * 2 ** 30,
  inputTablesMax: 64,
};

/** A window, or a part of one: tables that are neighbours in the order of writing. */
export interface WindowRun {
  readonly endMs: number;
  /** Oldest first, by sequence. */
  readonly tables: readonly TableMeta[];
  /** How long it has got no table, ms. */
  readonly quietMs: number;
}

export interface WindowCompaction {
  /** At least two, neighbours, oldest first. */
  readonly inputs: readonly TableMeta[];
}

/** Tables are similar when none is larger than this many times their mean. */
const SIMILAR = 1.5;

/**
 * The most urgent merge at `nowMs`, or undefined when none is owed. Windows with the most tables
 * come first, as every one of them costs each read; of equals the one given first.
 */
export function pickWindowCompaction(
  windows: readonly WindowRun[],
  nowMs: number,
  limits: WindowLimits,
): WindowCompaction | undefined {
  const byUrgency = [...windows].sort((a, b) => b.tables.length - a.tables.length);
  for (const window of byUrgency) {
    if (window.tables.length < 2) return undefined;
    const inputs = inputsOf(window, nowMs, limits);
    if (inputs !== undefined) return { inputs };
  }
  return undefined;
}

/** The next merge on the way to one table for each window, whether it is owed or not. */
export function pickFullCompaction(
  windows: readonly WindowRun[],
  limits: WindowLimits,
): WindowCompaction | undefined {
  for (const { tables } of windows) {
    const inputs = allThatFit(tables, limits);
    if (inputs !== undefined) return { inputs };
  }
  return undefined;
}

function inputsOf(
  window: WindowRun,
  nowMs: number,
  limits: WindowLimits,
): readonly TableMeta[] | undefined {
  const { tables } = window;
  const hasClosed = nowMs >= window.endMs + limits.graceMs && window.quietMs >= limits.graceMs;
  if (hasClosed && isWorthWhole(window, limits)) {
    const inputs = allThatFit(tables, limits);
    if (inputs !== undefined) return inputs;
  }
  return (
    cheapestRun(tables, limits, isSimilar) ??
    (tables.length >= limits.tablesMax ? cheapestRun(tables, limits, () => true) : undefined)
  );
}

/** Whether what lies beside the largest table is enough to write that one again. */
function isWorthWhole({ tables, quietMs }: WindowRun, limits: WindowLimits): boolean {
  const total = bytesOf(tables);
  const largest = tables.reduce((max, { sizeBytes }) => Math.max(max, sizeBytes), 0);
  return quietMs >= limits.quietMs || total - largest >= limits.lateShare * total;
}

/** The longest run from the oldest table on that one merge may read, and has two tables. */
function allThatFit(
  tables: readonly TableMeta[],
  { inputBytesMax, inputTablesMax }: WindowLimits,
): readonly TableMeta[] | undefined {
  for (let from = 0; from + 1 < tables.length; from++) {
    let bytes = 0;
    let to = from;
    for (; to < tables.length && to - from < inputTablesMax; to++) {
      bytes += tables[to]!.sizeBytes;
      if (bytes > inputBytesMax) break;
    }
    if (to - from >= 2) return tables.slice(from, to);
  }
  return undefined;
}

/** Of the permitted runs of `fanIn` tables or more, the one that costs least per table saved. */
function cheapestRun(
  tables: readonly TableMeta[],
  { fanIn, inputBytesMax, inputTablesMax }: WindowLimits,
  isPermitted: (run: readonly TableMeta[], bytes: number) => boolean,
): readonly TableMeta[] | undefined {
  let cheapest: readonly TableMeta[] | undefined;
  let leastCost = Number.POSITIVE_INFINITY;
  for (let from = 0; from + fanIn <= tables.length; from++) {
    const longest = Math.min(tables.length, from + inputTablesMax);
    for (let to = from + fanIn; to <= longest; to++) {
      const run = tables.slice(from, to);
      const bytes = bytesOf(run);
      if (bytes > inputBytesMax) break;
      const cost = bytes / (run.length - 1);
      if (cost >= leastCost || !isPermitted(run, bytes)) continue;
      cheapest = run;
      leastCost = cost;
    }
  }
  return cheapest;
}

function isSimilar(run: readonly TableMeta[], bytes: number): boolean {
  const largestMax = (SIMILAR * bytes) / run.length;
  return run.every(({ sizeBytes }) => sizeBytes <= largestMax);
}

function bytesOf(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
