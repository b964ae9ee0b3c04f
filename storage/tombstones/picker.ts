// Which tombstones are of no use any more, and which table to write again without what they hide.
// Pure functions.

import type { ManifestState, TableMeta } from '../manifest/edit.ts';
import { tombstonesOver } from './hidden.ts';

/** So many may wait for merges to come by and apply them; with more, tables are written again. */
const TOMBSTONES_KEPT = 256;
/** From this hidden share on a table is written again at once: 3 bytes are written for 1 freed. */
const SHARE_MIN = 0.25;

/** A table with points that tombstones may hide. */
export interface TombstonedTable {
  readonly meta: TableMeta;
  /** Of the oldest of them. */
  readonly sequence: number;
  /** Of its points, how many are hidden: an estimate, 0 .. 1. */
  readonly hiddenShare: number;
}

export interface RewriteWish {
  /** Tombstones up to this sequence are to be applied whatever it costs. */
  readonly upTo: number;
  /** How many are live. */
  readonly tombstones: number;
}

/** The table to write again: the one that gives back most; undefined when none is worth it. */
export function pickRewrite(
  tables: readonly TombstonedTable[],
  { upTo, tombstones }: RewriteWish,
): TableMeta | undefined {
  const hiddenBytes = ({ meta, hiddenShare }: TombstonedTable) => meta.sizeBytes * hiddenShare;
  const [best] = tables
    .filter(
      ({ sequence, hiddenShare }) =>
        sequence <= upTo || hiddenShare >= SHARE_MIN || tombstones > TOMBSTONES_KEPT,
    )
    .sort((a, b) => hiddenBytes(b) - hiddenBytes(a));
  return best?.meta;
}

/** Sequences of tombstones that hide nothing in any table, and that no tier waits for. */
export function spentTombstones(
  state: ManifestState,
  awaited: ReadonlySet<number> = new Set(),
): number[] {
  const needed = new Set(awaited);
  for (const table of state.tables.values()) {
    for (const { sequence } of tombstonesOver(state, table)) needed.add(sequence);
  }
  return [...state.tombstones.keys()].filter((sequence) => !needed.has(sequence));
}
