// The one place where state changes: an edit is made durable in the manifest, then the Version that
// it leads to is installed. Edits are applied one after another; reading the current Version never
// waits.

import type { FileSystem } from './env/env.ts';
import { toError } from './errors.ts';
import { indexTablePath, tablePath } from './filenames.ts';
import { applyEdit, type Edit, type ManifestState } from './manifest/edit.ts';
import type { ManifestLog } from './manifest/log.ts';
import { SharedFile } from './shared-file.ts';
import type { TableReader } from './sstable/reader.ts';
import type { IndexTableReader } from './tag-index/table.ts';
import {
  type Generation,
  groupByLevel,
  groupByWindow,
  type IndexFile,
  type TableFile,
  Version,
} from './version.ts';

export interface CatalogOptions {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly log: ManifestLog;
  readonly state: ManifestState;
  readonly active: Generation;
  openTable(path: string): Promise<TableReader>;
  openIndexTable(path: string): Promise<IndexTableReader>;
  /** A file that nobody needs could not be closed or unlinked; the next start removes it. */
  cleanupFailed(error: Error): void;
}

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #log: ManifestLog;
  readonly #tables = new Map<number, TableFile>();
  readonly #indexTables = new Map<number, IndexFile>();
  readonly #cleanups = new Set<Promise<void>>();
  #state: ManifestState;
  #version: Version;
  #nextFileNumber: number;
  #lastEdit: Promise<unknown> = Promise.resolve();

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#state = options.state;
    this.#nextFileNumber = options.state.nextFileNumber;
    this.#adoptFiles();
    this.#version = this.#build(options.active, []);
  }

  get state(): ManifestState {
    return this.#state;
  }

  /** The current Version. Retain it to use it past an await. */
  get version(): Version {
    return this.#version;
  }

  /** Numbers for new files rise for ever, so that a name never means two files. */
  takeFileNumber(): number {
    return this.#nextFileNumber++;
  }

  get nextFileNumber(): number {
    return this.#nextFileNumber;
  }

  /** Installs other memtables; nothing on disk changes. */
  setMemory(active: Generation, sealed: readonly Generation[]): void {
    this.#install(this.#build(active, sealed));
  }

  /**
   * Makes the edit durable, then installs what follows from it. `makeEdit` sees the state once the
   * edits before it are applied, and returns undefined when there is nothing to change. `flushed`
   * leaves memory with the same step that brings its tables.
   */
  apply(
    makeEdit: (state: ManifestState) => Edit | undefined,
    flushed?: Generation,
  ): Promise<Edit | undefined> {
    const applied = this.#lastEdit.then(() => this.#applyNow(makeEdit, flushed));
    this.#lastEdit = applied.catch(() => undefined);
    return applied;
  }

  async #applyNow(
    makeEdit: (state: ManifestState) => Edit | undefined,
    flushed: Generation | undefined,
  ): Promise<Edit | undefined> {
    const edit = makeEdit(this.#state);
    if (edit === undefined) return undefined;
    await this.#log.append(edit);
    this.#state = applyEdit(this.#state, edit);
    this.#forget(this.#tables, edit.removeTables);
    this.#forget(this.#indexTables, edit.removeIndexTables);
    this.#adoptFiles();
    const { active, sealed } = this.#version.parts;
    this.#install(
      this.#build(
        active,
        sealed.filter((generation) => generation !== flushed),
      ),
    );
    return edit;
  }

  /** Waits for edits and removals under way, closes the manifest and lets go of every file. */
  async close(): Promise<void> {
    await this.#lastEdit;
    this.#version.release();
    while (this.#cleanups.size > 0) await Promise.all(this.#cleanups);
    await this.#log.close();
  }

  #build(active: Generation, sealed: readonly Generation[]): Version {
    return new Version({
      active,
      sealed,
      windows: groupByWindow(this.#tables.values()),
      indexLevels: groupByLevel(this.#indexTables.values()),
    });
  }

  #install(next: Version): void {
    const previous = this.#version;
    this.#version = next;
    previous.release();
  }

  /** Makes a handle for every file of the state that has none yet. */
  #adoptFiles(): void {
    const { dir, openTable, openIndexTable } = this.#options;
    const gone = this.#fileGone.bind(this);
    for (const meta of this.#state.tables.values()) {
      if (this.#tables.has(meta.number)) continue;
      const path = tablePath(dir, meta);
      this.#tables.set(meta.number, new SharedFile({ meta, path, open: openTable, gone }));
    }
    for (const meta of this.#state.indexTables.values()) {
      if (this.#indexTables.has(meta.number)) continue;
      const path = indexTablePath(dir, meta.number);
      this.#indexTables.set(meta.number, new SharedFile({ meta, path, open: openIndexTable, gone }));
    }
  }

  #forget(files: Map<number, TableFile | IndexFile>, numbers: readonly number[] = []): void {
    for (const number of numbers) {
      files.get(number)?.markRemoved();
      files.delete(number);
    }
  }

  /** What cannot be unlinked now is an orphan that the next start removes. */
  #fileGone(path: string, unlink: boolean, closed: Promise<void>): void {
    const { cleanupFailed } = this.#options;
    const cleanup = closed
      .then(() => (unlink ? this.#unlink(path) : undefined))
      .catch((error: unknown) => cleanupFailed(toError(error)))
      .finally(() => this.#cleanups.delete(cleanup));
    this.#cleanups.add(cleanup);
  }

  async #unlink(path: string): Promise<void> {
    await this.#options.fs.remove(path);
    await this.#options.fs.removeDir(path.slice(0, path.lastIndexOf('/')));
  }
}
