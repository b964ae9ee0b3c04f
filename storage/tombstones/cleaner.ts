// Applies tombstones for good, one table at a time: what they hide all of is removed, what they
// hide nothing of is noted, and what is worth it is written again. Merges apply them on their way.

import type { Core } from '../core.ts';
import { CorruptionError } from '../errors.ts';
import type { CleanedTable, TableMeta, Tombstone } from '../manifest/edit.ts';
import { awaitedTombstones } from '../rollups/picker.ts';
import { tiersInForce } from '../rollups/tiers.ts';
import { splitByRuns } from '../series/series-runs.ts';
import { seriesIdsOf } from '../table-access.ts';
import type { TableFile, Version } from '../version.ts';
import { compactWindowTables } from '../windows/compaction.ts';
import { spans, tombstonesOver } from './hidden.ts';
import { pickRewrite, spentTombstones, type TombstonedTable } from './picker.ts';

/** Tables that one edit deals with. */
const EXAMINED_AT_ONCE = 64;

/** What tombstones hide of a table; between the two a share, estimated. */
type HiddenPart = 'nothing' | 'everything' | number;

interface Tombstoned {
  readonly file: TableFile;
  /** Not empty; oldest first. */
  readonly tombstones: readonly Tombstone[];
}

export class TombstoneCleaner {
  readonly #core: Core;
  /** By table, what it was examined for: the newest tombstone's sequence, and what that gave. */
  #examined = new Map<number, { readonly sequence: number; readonly hiddenShare: number }>();
  /** Tables that could not be written again: a scan still gets out of them what there is. */
  readonly #damaged = new Set<number>();
  #allUpTo = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** From now on the tombstones that there are now are applied whatever it costs. */
  wantAll(): void {
    this.#allUpTo = Math.max(0, ...this.#core.catalog.state.tombstones.keys());
  }

  /** Does a piece of what writes no table; false when there is none. */
  async tidy(): Promise<boolean> {
    const { catalog } = this.#core;
    if (catalog.state.tombstones.size === 0) {
      this.#examined.clear();
      return false;
    }
    const version = catalog.version.retain();
    try {
      const fresh = tombstoned(version).filter(({ file, tombstones }) => {
        return this.#examined.get(file.meta.number)?.sequence !== tombstones.at(-1)!.sequence;
      });
      if (fresh.length === 0) return await this.#removeSpent();
      await this.#examine(fresh.slice(0, EXAMINED_AT_ONCE));
      return true;
    } finally {
      version.release();
    }
  }

  /** Writes one table again without what is hidden; false when none is worth it. */
  async rewrite(): Promise<boolean> {
    const version = this.#core.catalog.version.retain();
    try {
      const tombstones = version.parts.deletions.tombstones.size;
      const table = pickRewrite(this.#tables(version), { upTo: this.#allUpTo, tombstones });
      if (table === undefined) return false;
      await this.#rewrite(version, table);
      return true;
    } finally {
      version.release();
    }
  }

  #tables(version: Version): TombstonedTable[] {
    return tombstoned(version)
      .filter(({ file }) => !this.#damaged.has(file.meta.number))
      .map(({ file: { meta }, tombstones }) => ({
        meta,
        sequence: tombstones[0]!.sequence,
        hiddenShare: this.#examined.get(meta.number)?.hiddenShare ?? 0,
      }));
  }

  async #rewrite(version: Version, table: TableMeta): Promise<void> {
    try {
      await compactWindowTables(this.#core, version, { inputs: [table] });
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#core.settings.listener.corruption?.(error);
      this.#damaged.add(table.number);
    }
  }

  async #examine(tables: readonly Tombstoned[]): Promise<void> {
    const { catalog, env } = this.#core;
    const removed: number[] = [];
    const untouched: CleanedTable[] = [];
    for (const { file, tombstones } of tables) {
      const { number } = file.meta;
      const { sequence } = tombstones.at(-1)!;
      const hidden = await this.#hiddenPart(file, tombstones);
      const hiddenShare = typeof hidden === 'number' ? hidden : 0;
      this.#examined.set(number, { sequence, hiddenShare });
      if (hidden === 'everything') removed.push(number);
      if (hidden === 'nothing') untouched.push({ number, sequence });
      await env.scheduler.nextTurn();
    }
    await catalog.apply(({ tables: live }) => {
      const removeTables = removed.filter((number) => live.has(number));
      const cleaned = untouched.filter(({ number }) => live.has(number));
      return removeTables.length + cleaned.length > 0 ? { removeTables, cleaned } : undefined;
    });
  }

  /** Of a damaged table it is not known: then nothing is to be gained by writing it again. */
  async #hiddenPart(file: TableFile, tombstones: readonly Tombstone[]): Promise<HiddenPart> {
    const ids = await seriesIdsOf(file, this.#core);
    if (ids === undefined) return 0;
    let left: Uint32Array = ids;
    let touched = 0;
    let hiddenSeries = 0;
    for (const tombstone of tombstones) {
      const { inside } = splitByRuns(ids, tombstone.series);
      touched += inside.length;
      hiddenSeries += inside.length * overlap(tombstone, file.meta);
      if (spans(tombstone, file.meta)) left = splitByRuns(left, tombstone.series).outside;
    }
    if (touched === 0) return 'nothing';
    if (left.length === 0) return 'everything';
    // Tombstones that overlap count twice.
    return Math.min(1, hiddenSeries / ids.length);
  }

  async #removeSpent(): Promise<boolean> {
    const { catalog, series } = this.#core;
    let isAny = false;
    await catalog.apply((state) => {
      const tiers = tiersInForce(state, series.policies.policies);
      const removeTombstones = spentTombstones(state, awaitedTombstones(state, tiers));
      isAny = removeTombstones.length > 0;
      return isAny ? { removeTombstones } : undefined;
    });
    return isAny;
  }
}

function tombstoned({ parts }: Version): Tombstoned[] {
  return parts.windows
    .flatMap(({ tables }) => tables)
    .map((file) => ({ file, tombstones: tombstonesOver(parts.deletions, file.meta) }))
    .filter(({ tombstones }) => tombstones.length > 0);
}

/** Of the table's time, the share that lies in the tombstone's range. */
function overlap({ startMs, endMs }: Tombstone, table: TableMeta): number {
  const { minTimestampMs, maxTimestampMs } = table;
  const spanMs = Math.max(1, maxTimestampMs + 1 - minTimestampMs);
  const overlapMs = Math.min(endMs, maxTimestampMs + 1) - Math.max(startMs, minTimestampMs);
  return Math.max(0, overlapMs) / spanMs;
}
