// Carries out one leveled compaction of the tag index: reads the tables that were picked, merges
// them on a worker, writes the result and swaps it in.

import type { Core } from './core.ts';
import { CorruptionError } from './errors.ts';
import { indexTablePath } from './filenames.ts';
import { writeIndexTable } from './flush.ts';
import type { IndexTableMeta } from './manifest/edit.ts';
import { allWritten, type NewFiles, withNewFiles } from './new-files.ts';
import type { IndexCompactionInput, IndexTableBytes } from './tag-index/compaction.ts';
import {
  type Compaction,
  levelsOf,
  pickCompaction,
  pickFullCompaction,
} from './tag-index/picker.ts';
import type { BuiltIndexTable } from './tag-index/table-builder.ts';

export class IndexCompactor {
  readonly #core: Core;
  /** By level, the last key of the compaction before. */
  readonly #cursors: (Uint8Array | undefined)[] = [];
  #isFullWanted = false;
  /** Paths of tables with a damaged block; a restart tries them again. */
  readonly #damaged = new Set<string>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** From now on everything goes to one level: what a tombstone hides is gone there. */
  wantFull(): void {
    this.#isFullWanted = true;
  }

  /**
   * Carries out the most urgent compaction; false when none is owed, or when an input of it cannot
   * be read: to merge the rest would throw away what its other blocks hold.
   */
  async step(): Promise<boolean> {
    try {
      return await this.#compact();
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#core.settings.listener.corruption?.(error);
      this.#damaged.add(error.path);
      return false;
    }
  }

  async #compact(): Promise<boolean> {
    const { catalog, env, settings, counters } = this.#core;
    const levels = levelsOf(catalog.state.indexTables.values());
    const owed = pickCompaction(levels, settings.indexLimits, this.#cursors);
    const compaction = owed ?? (this.#isFullWanted ? pickFullCompaction(levels) : undefined);
    if (compaction === undefined) {
      this.#isFullWanted = false;
      return false;
    }
    const inputs = [...compaction.inputs, ...compaction.overlapping];
    const isDamaged = ({ number }: IndexTableMeta): boolean =>
      this.#damaged.has(indexTablePath(this.#core.dir, number));
    if (inputs.some(isDamaged)) return false;
    const startMs = env.clock.monotonicMs();
    const outputs = await withNewFiles(env.fs, catalog, async (files) => {
      const addIndexTables = await this.#merge(compaction, files);
      const removeIndexTables = inputs.map(({ number }) => number);
      await catalog.apply(() => {
        const { nextFileNumber } = catalog;
        return { addIndexTables, removeIndexTables, nextFileNumber };
      });
      return addIndexTables;
    });
    this.#cursors[compaction.level] = compaction.inputs.at(-1)!.lastKey;
    const bytesOut = totalBytes(outputs);
    counters.indexCompactions++;
    counters.indexBytesWritten += bytesOut;
    settings.listener.indexCompacted?.({
      durationMs: env.clock.monotonicMs() - startMs,
      level: compaction.level,
      bytesIn: totalBytes(inputs),
      bytesOut,
    });
    return true;
  }

  async #merge(compaction: Compaction, files: NewFiles): Promise<IndexTableMeta[]> {
    const { env, settings } = this.#core;
    const newer = await Promise.all(compaction.inputs.map((meta) => this.#read(meta)));
    const older = await Promise.all(compaction.overlapping.map((meta) => this.#read(meta)));
    // Tables of level 0 overlap, so each is a run of its own.
    const runs = compaction.level === 0 ? newer.map((table) => [table]) : [newer];
    const built = await env.compute.run<IndexCompactionInput, BuiltIndexTable[]>('compact-index', {
      runs: [...runs, older],
      dropTombstones: compaction.dropTombstones,
      targetBytes: settings.indexTableBytes,
      bloomBitsPerKey: settings.indexBloomBitsPerKey,
    });
    return allWritten(built, (table) =>
      writeIndexTable(table, compaction.level + 1, this.#core, files),
    );
  }

  async #read({ number }: IndexTableMeta): Promise<IndexTableBytes> {
    const { dir, env } = this.#core;
    const path = indexTablePath(dir, number);
    const file = await env.fs.open(path);
    try {
      return { path, bytes: await file.read(0, file.size) };
    } finally {
      await file.close();
    }
  }
}

function totalBytes(metas: readonly IndexTableMeta[]): number {
  return metas.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
