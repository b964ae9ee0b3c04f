// What storage holds at one moment, as a value that never changes: memtables, the tables of every
// window, the tag index. A scan retains the Version it began with; a change of state builds the
// next Version and installs it, and what is in no retained Version any more goes by itself.

import { assert } from './assert.ts';
import { EventMemtable } from './events/event-memtable.ts';
import type { IndexTableMeta, TableMeta, Tombstone } from './manifest/edit.ts';
import { type Memtable, POINT_BYTES } from './memtable.ts';
import type { MemtablePool } from './memtable-pool.ts';
import type { RollupState } from './rollups/tiers.ts';
import type { SharedFile } from './shared-file.ts';
import type { Table } from './sstable/reader.ts';
import { IndexMemory } from './tag-index/memory.ts';
import { levelsOf } from './tag-index/picker.ts';
import type { IndexTable } from './tag-index/table.ts';
import type { IndexView } from './tag-index/view.ts';
import type { Deletions } from './tombstones/hidden.ts';
import type { TimeRange } from './types.ts';

export type TableFile = SharedFile<TableMeta, Table>;
export type IndexFile = SharedFile<IndexTableMeta, IndexTable>;

/** A tombstone before it has its place: the flush of what was written before it gives it one. */
export type PendingTombstone = Omit<Tombstone, 'sequence'>;

/**
 * What one WAL segment and those after it hold, as they were written: points, events, new series.
 * Its memory goes back to the pool with the last Version that has it.
 */
export class Generation {
  readonly memtable: Memtable;
  readonly events = new EventMemtable();
  readonly newSeries = new IndexMemory();
  /** The first WAL segment that holds a part of it. */
  readonly walSegment: number;
  /** A delete that was asked for when the generation was sealed: it hides what it has and older. */
  tombstone: PendingTombstone | undefined;
  readonly #pool: MemtablePool;
  #references = 0;

  constructor(pool: MemtablePool, walSegment: number) {
    this.#pool = pool;
    this.memtable = pool.take();
    this.walSegment = walSegment;
  }

  get isEmpty(): boolean {
    return this.memtable.points === 0 && this.events.count === 0 && this.newSeries.isEmpty;
  }

  /** Whether a point or an event may lie in the range. */
  meets(range: TimeRange): boolean {
    const { minTimestampMs, maxTimestampMs } = this.memtable;
    const hasPoints = minTimestampMs < range.endMs && maxTimestampMs >= range.startMs;
    return hasPoints || this.events.meets(range);
  }

  /** Whether `count` more points go in, of series ids up to `idMax`; an empty one takes any. */
  fitsPoints(count: number, idMax: number): boolean {
    if (!this.memtable.fits(count, idMax)) return false;
    return this.events.count === 0 || this.#hasRoom(count * POINT_BYTES);
  }

  /** Whether events that take `bytes` more go in; an empty one takes any. */
  fitsEvents(bytes: number): boolean {
    return (this.memtable.points === 0 && this.events.count === 0) || this.#hasRoom(bytes);
  }

  #hasRoom(bytes: number): boolean {
    return this.memtable.bytes + this.events.bytes + bytes <= this.#pool.bytesMax;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    assert(this.#references > 0, 'a generation is released once too often');
    if (--this.#references === 0) this.#pool.give(this.memtable);
  }
}

/** The tables of one window, oldest first: a later one wins where both have a point. */
export interface WindowTables {
  readonly policyId: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly tables: readonly TableFile[];
}

export interface VersionParts {
  /** Takes writes. */
  readonly active: Generation;
  /** Waiting for their flush, oldest first. */
  readonly sealed: readonly Generation[];
  /** By policy id, then start. */
  readonly windows: readonly WindowTables[];
  /** Every file of the tag index; all are open. */
  readonly indexFiles: readonly IndexFile[];
  /** What is hidden in the tables; memtables are sealed and flushed before a delete holds. */
  readonly deletions: Deletions;
  /** What the tables of tiers have of the tables of their sources. */
  readonly rollups: RollupState;
}

export class Version {
  readonly parts: VersionParts;
  /** The tag index as this Version has it. */
  readonly index: IndexView;
  #references = 1;

  /** Starts with one reference, its maker's. */
  constructor(parts: VersionParts) {
    this.parts = parts;
    for (const held of holdingsOf(parts)) held.retain();
    this.index = {
      memory: parts.active.newSeries,
      sealed: parts.sealed.map((generation) => generation.newSeries).reverse(),
      levels: levelsOf(parts.indexFiles.map((file) => file.meta)).map((level) =>
        level.map(({ number }) => openTableOf(parts.indexFiles, number)),
      ),
    };
  }

  retain(): this {
    assert(this.#references > 0, 'a released version is retained');
    this.#references++;
    return this;
  }

  release(): void {
    assert(this.#references > 0, 'a version is released once too often');
    if (--this.#references > 0) return;
    for (const held of holdingsOf(this.parts)) held.release();
  }
}

function* holdingsOf(parts: VersionParts): Iterable<Generation | TableFile | IndexFile> {
  yield parts.active;
  yield* parts.sealed;
  for (const window of parts.windows) yield* window.tables;
  yield* parts.indexFiles;
}

/** Tables grouped into their windows, both in the order that VersionParts promises. */
export function groupByWindow(tables: Iterable<TableFile>): WindowTables[] {
  const groups = new Map<string, { key: TableMeta; tables: TableFile[] }>();
  for (const table of tables) {
    const { policyId, windowStartMs, windowEndMs } = table.meta;
    const name = `${policyId}/${windowStartMs}/${windowEndMs}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { key: table.meta, tables: [table] });
    else group.tables.push(table);
  }
  return [...groups.values()]
    .map(({ key, tables: ofWindow }) => ({
      policyId: key.policyId,
      startMs: key.windowStartMs,
      endMs: key.windowEndMs,
      tables: ofWindow.sort((a, b) => a.meta.sequence - b.meta.sequence),
    }))
    .sort((a, b) => a.policyId - b.policyId || a.startMs - b.startMs || a.endMs - b.endMs);
}

function openTableOf(files: readonly IndexFile[], number: number): IndexTable {
  const table = files.find(({ meta }) => meta.number === number)?.opened;
  assert(table !== undefined, 'tables of the tag index are open before they are live');
  return table;
}
