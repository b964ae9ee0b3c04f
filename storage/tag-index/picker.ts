// Which tables of the tag index to merge next: leveled compaction, as a pure function.
//
// Level 0 has what was flushed; its tables overlap, and are counted. From level 1 the tables of a
// level are disjoint, and their bytes are held to a limit that grows tenfold from level to level
// (O'Neil et al., "The Log-Structured Merge-Tree", 1996; the scores are LevelDB's).

import { assert } from '../assert.ts';
import type { IndexTableMeta } from '../manifest/edit.ts';
import { compareKeys } from './keys.ts';

export interface LevelLimits {
  /** Tables of level 0 that call for a compaction. Each costs every lookup a filter probe. */
  readonly levelZeroTables: number;
  /** Bytes that level 1 may hold. */
  readonly levelOneBytes: number;
  /** What each further level may hold, as a multiple of the one above. */
  readonly ratio: number;
}

export const DEFAULT_LEVEL_LIMITS: LevelLimits = {
  levelZeroTables: 4,
  levelOneBytes: 16 * 2 ** 20,
  ratio: 10,
};

/** Size of a table that compaction writes: what one step rewrites stays a fraction of a second. */
export const INDEX_TABLE_BYTES = 2 * 2 ** 20;

export interface Compaction {
  /** Tables go from this level to the next. */
  readonly level: number;
  /** Tables of `level`; of level 0 newest first, otherwise in key order. */
  readonly inputs: readonly IndexTableMeta[];
  /** Tables of the next level that overlap them, in key order. */
  readonly overlapping: readonly IndexTableMeta[];
  /** No level below the next one overlaps, so nothing there needs hiding. */
  readonly dropTombstones: boolean;
}

/** Level 0 newest first (by sequence), the others in key order; any table may be missing. */
export function levelsOf(tables: Iterable<IndexTableMeta>): IndexTableMeta[][] {
  const levels: IndexTableMeta[][] = [[]];
  for (const table of tables) {
    while (levels.length <= table.level) levels.push([]);
    levels[table.level]!.push(table);
  }
  for (const [level, members] of levels.entries()) {
    members.sort((a, b) =>
      level === 0 ? b.sequence - a.sequence : compareKeys(a.firstKey, b.firstKey),
    );
  }
  return levels;
}

/**
 * The most urgent compaction, or undefined when no level is over its limit. `levels` are as
 * `levelsOf` makes them. `cursors` has by level the last key of the compaction before: the next
 * one starts behind it, so that in time every table of a level has its turn.
 */
export function pickCompaction(
  levels: readonly (readonly IndexTableMeta[])[],
  limits: LevelLimits,
  cursors: readonly (Uint8Array | undefined)[] = [],
): Compaction | undefined {
  let level = -1;
  let highest = 1;
  for (const [candidate, tables] of levels.entries()) {
    const score = scoreOf(candidate, tables, limits);
    if (score < highest || (score === highest && level !== -1)) continue;
    level = candidate;
    highest = score;
  }
  return level === -1 ? undefined : compactionOf(levels, level, cursors[level]);
}

/**
 * What brings all tables one step nearer to being in one level, a table at a time; undefined when
 * they are.
 */
export function pickFullCompaction(
  levels: readonly (readonly IndexTableMeta[])[],
): Compaction | undefined {
  const level = levels.findIndex((tables) => tables.length > 0);
  const isLast = level === levels.findLastIndex((tables) => tables.length > 0);
  if (level === -1 || (isLast && level > 0)) return undefined;
  return compactionOf(levels, level, undefined);
}

/** 1 and more is over the limit. */
function scoreOf(
  level: number,
  tables: readonly IndexTableMeta[],
  { levelZeroTables, levelOneBytes, ratio }: LevelLimits,
): number {
  if (level === 0) return tables.length / levelZeroTables;
  const bytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
  return bytes / (levelOneBytes * ratio ** (level - 1));
}

function compactionOf(
  levels: readonly (readonly IndexTableMeta[])[],
  level: number,
  cursor: Uint8Array | undefined,
): Compaction {
  const tables = levels[level]!;
  // All of level 0: a table left behind would be older than what is below it, and hide it.
  const inputs = level === 0 ? tables : [tableAfter(tables, cursor)];
  assert(inputs.length > 0, 'a level over its limit has a table');
  const overlapping = (levels[level + 1] ?? []).filter((table) => overlapsAny(table, inputs));
  const merged = [...inputs, ...overlapping];
  const below = levels.slice(level + 2).flat();
  const dropTombstones = !below.some((table) => overlapsAny(table, merged));
  return { level, inputs, overlapping, dropTombstones };
}

/** Round robin: the first table that begins behind the cursor, or the first of all. */
function tableAfter(
  tables: readonly IndexTableMeta[],
  cursor: Uint8Array | undefined,
): IndexTableMeta {
  const next = tables.find(
    ({ firstKey }) => cursor === undefined || compareKeys(firstKey, cursor) > 0,
  );
  return next ?? tables[0]!;
}

function overlapsAny(table: IndexTableMeta, others: readonly IndexTableMeta[]): boolean {
  return others.some(
    (other) =>
      compareKeys(table.firstKey, other.lastKey) <= 0 &&
      compareKeys(other.firstKey, table.lastKey) <= 0,
  );
}
