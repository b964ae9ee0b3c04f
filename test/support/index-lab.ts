// A small engine around the tag index, for tests: it owns the view, flushes and compacts on
// demand, and keeps its tables as bytes in memory.

import type { ReadableFile } from '../../storage/env/env.ts';
import type { IndexTableMeta } from '../../storage/manifest/edit.ts';
import type { Labels, SeriesId } from '../../storage/series/labels.ts';
import { createLabelsKeys } from '../../storage/series/labels-key.ts';
import { createBlockCache } from '../../storage/sstable/block-cache.ts';
import { compactIndexTables } from '../../storage/tag-index/compaction.ts';
import { flushIndexMemory } from '../../storage/tag-index/flush.ts';
import { IndexMemory } from '../../storage/tag-index/memory.ts';
import { type LevelLimits, levelsOf, pickCompaction } from '../../storage/tag-index/picker.ts';
import { findSeries } from '../../storage/tag-index/reader.ts';
import { type IndexTable, openIndexTable } from '../../storage/tag-index/table.ts';
import type { BuiltIndexTable } from '../../storage/tag-index/table-builder.ts';
import type { IndexView } from '../../storage/tag-index/view.ts';
import { memoryFile } from './memory-file.ts';

export interface LabTable {
  readonly meta: IndexTableMeta;
  readonly bytes: Uint8Array;
  readonly table: IndexTable;
}

export interface IndexLab {
  view(): IndexView;
  /** Every table, by number. */
  readonly tables: ReadonlyMap<number, LabTable>;
  /** Blocks read from the tables so far, those that opening takes aside. */
  readonly reads: number;
  /** Registers a series that is new. */
  add(labels: Labels): SeriesId;
  find(labels: Labels): SeriesId | Promise<SeriesId>;
  forget(labels: Labels, id: SeriesId): void;
  seal(): void;
  /** Makes a table of the oldest sealed memory. */
  flush(): Promise<void>;
  /** Carries out one pick, if there is one. */
  compact(limits: LevelLimits, targetBytes: number): Promise<boolean>;
}

/** `bloomBitsPerKey` of 9.6 are one false positive in a hundred. */
export function createIndexLab(cacheBytes = 2 ** 20, bloomBitsPerKey = 9.6): IndexLab {
  const keys = createLabelsKeys();
  const cache = createBlockCache(cacheBytes);
  const tables = new Map<number, LabTable>();
  const cursors: (Uint8Array | undefined)[] = [];
  let memory = new IndexMemory();
  let sealed: IndexMemory[] = [];
  let nextId = 1;
  let nextNumber = 1;
  let reads = 0;
  /** Made when it is asked for, anew after every change. */
  let view: IndexView | undefined;

  async function install(built: BuiltIndexTable, level: number, sequence: number): Promise<void> {
    const number = nextNumber++;
    const bytes = memoryFile(built.bytes);
    const file: ReadableFile = {
      ...bytes,
      read(offset, length) {
        reads++;
        return bytes.read(offset, length);
      },
    };
    const table = await openIndexTable(file, `${number}.idx`, number, cache);
    reads -= 3; // footer, index and filter
    tables.set(number, {
      meta: { ...built.meta, number, level, sequence },
      bytes: built.bytes,
      table,
    });
  }

  function openLevels(): IndexTable[][] {
    const metas = levelsOf([...tables.values()].map(({ meta }) => meta));
    return metas.map((level) => level.map(({ number }) => tables.get(number)!.table));
  }

  return {
    tables,
    get reads() {
      return reads;
    },
    view() {
      view ??= { memory, sealed, levels: openLevels() };
      return view;
    },
    add(labels) {
      const id = nextId++;
      memory.add(keys(labels), id);
      return id;
    },
    find(labels) {
      return findSeries(this.view(), keys(labels));
    },
    forget(labels, id) {
      memory.forget(keys(labels), id, true);
    },
    seal() {
      sealed = [memory, ...sealed];
      memory = new IndexMemory();
      view = undefined;
    },
    async flush() {
      const oldest = sealed.at(-1);
      if (oldest === undefined) return;
      const built = flushIndexMemory({ data: structuredClone(oldest.data()), bloomBitsPerKey });
      if (built !== undefined) await install(built, 0, nextNumber);
      sealed = sealed.slice(0, -1);
      view = undefined;
    },
    async compact(limits, targetBytes) {
      const levels = levelsOf([...tables.values()].map(({ meta }) => meta));
      const pick = pickCompaction(levels, limits, cursors);
      if (pick === undefined) return false;
      const bytesOf = ({ number }: IndexTableMeta) => {
        const { bytes, table } = tables.get(number)!;
        return { bytes, path: table.path };
      };
      const runs = [...pick.inputs.map((meta) => [bytesOf(meta)]), pick.overlapping.map(bytesOf)];
      const { dropTombstones } = pick;
      const outputs = compactIndexTables({ runs, dropTombstones, targetBytes, bloomBitsPerKey });
      for (const { number } of [...pick.inputs, ...pick.overlapping]) tables.delete(number);
      for (const built of outputs) await install(built, pick.level + 1, nextNumber);
      cursors[pick.level] = pick.inputs.at(-1)!.lastKey;
      view = undefined;
      return true;
    },
  };
}
