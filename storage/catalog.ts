// The one place where state changes: an edit is made durable in the manifest, then the Version that
// it leads to is installed. Edits are applied one after another; reading the current Version never
// waits.

import type { CatalogOptions } from './catalog-options.ts';
import { CorruptionError, type StorageError, toError } from './errors.ts';
import { indexTablePath, tablePath } from './filenames.ts';
import type { Edit, IndexTableMeta, ManifestState, TableMeta } from './manifest/edit.ts';
import { Removals } from './removals.ts';
import { lostWith } from './rollups/marks.ts';
import type { RollupState } from './rollups/tiers.ts';
import { setAside } from './set-aside.ts';
import { SharedFile } from './shared-file.ts';
import type { Deletions } from './tombstones/hidden.ts';
import {
  type Generation,
  groupByWindow,
  type IndexFile,
  type TableFile,
  Version,
} from './version.ts';

export type MakeEdit = (state: ManifestState) => Edit | undefined;

/** Opens the tag index's tables; those of windows are opened when they are first read. */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const catalog = new Catalog(options);
  await catalog.begin();
  return catalog;
}

/** Made by openCatalog. */
export class Catalog {
  readonly #options: CatalogOptions;
  readonly #tables = new Map<number, TableFile>();
  readonly #indexTables = new Map<number, IndexFile>();
  /** Tables that an edit removed and that somebody still reads. */
  readonly #leaving = new Map<number, TableFile>();
  readonly #removals: Removals;
  #version: Version;
  /** As of the tables above: the manifest's state runs ahead of them while an edit is made. */
  #deletions: Deletions;
  #rollups: RollupState;
  #nextFileNumber: number;
  #quarantined = 0;
  readonly #lostIndexTables: CorruptionError[] = [];
  #lastEdit: Promise<unknown> = Promise.resolve();
  /** An edit of the start that the disk did not take yet. */
  #owed: MakeEdit | undefined;
  /** Removes files of edits that failed together with the manifest. */
  #leftBehind: (() => Promise<void>)[] = [];

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#removals = new Removals(options.fs, (error) => options.cleanupFailed(error));
    this.#nextFileNumber = options.log.state.nextFileNumber;
    this.#deletions = options.log.state;
    this.#rollups = options.log.state;
    this.#version = this.#build(options.active, []);
  }

  /** Part of openCatalog. */
  async begin(): Promise<void> {
    const { state } = this.#options.log;
    for (const meta of state.tables.values()) this.#tables.set(meta.number, this.#tableFile(meta));
    const lost: IndexFile[] = [];
    const files = await this.#openIndexFiles([...state.indexTables.values()], lost);
    this.#addIndexFiles(files);
    this.setMemory(this.#options.active, []);
    for (const file of files) file.release();
    for (const { meta, path } of lost) {
      await setAside(path, this.#options.fs);
      await this.applyOrOwe(() => ({ removeIndexTables: [meta.number] }));
    }
    this.#quarantined += lost.length;
  }

  /** Why tables of the tag index were put aside at the start: answers may lack series. */
  get lostIndexTables(): readonly CorruptionError[] {
    return this.#lostIndexTables;
  }

  /** Tables put aside since the start. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /**
   * Puts a table that cannot be read aside, under another name, and takes it out of the manifest.
   * A file that is simply gone stays in it: its directory may be elsewhere for the moment.
   */
  quarantine(file: TableFile): Promise<void> {
    const { number } = file.meta;
    const done = this.#lastEdit.then(async () => {
      if (this.#tables.get(number) !== file) return;
      if (!(await setAside(file.path, this.#options.fs))) return;
      // Out before the edit is taken: it would have the file unlinked.
      this.#tables.delete(number);
      try {
        await this.#applyNow(
          (state) => ({ removeTables: [number], ...lostWith(file.meta, state) }),
          undefined,
        );
        this.#quarantined++;
      } catch (error) {
        this.#tables.set(number, file);
        throw error;
      }
    });
    this.#lastEdit = done.catch(() => undefined);
    return done;
  }

  /** Tables that are in the Version no more and that a scan still reads. */
  get leaving(): readonly TableFile[] {
    return [...this.#leaving.values()];
  }

  get state(): ManifestState {
    return this.#options.log.state;
  }

  /** Why the last edit was not taken: whether a restart would find it is not known. */
  get failure(): StorageError | undefined {
    return this.#options.log.failure;
  }

  /** The current Version. Retain it to use it past an await. */
  get version(): Version {
    return this.#version;
  }

  /**
   * The current Version, retained for the caller, and the state that it has on disk: no edit is
   * between the two.
   */
  pin(): Promise<{ version: Version; state: ManifestState }> {
    const pinned = this.#lastEdit.then(() => ({
      version: this.#version.retain(),
      state: this.state,
    }));
    this.#lastEdit = pinned;
    return pinned;
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
   * Makes an edit durable, then installs what follows from it. `makeEdit` sees the state once the
   * edits before it are applied, and returns undefined when there is nothing to change. `flushed`
   * leaves memory in the same step that brings its tables.
   */
  apply(makeEdit: MakeEdit, flushed?: Generation): Promise<void> {
    const applied = this.#lastEdit.then(() => this.#applyNow(makeEdit, flushed));
    this.#lastEdit = applied.catch(() => undefined);
    return applied;
  }

  /** Like apply; but when the disk does not take the edit, it is made ahead of the next one. */
  async applyOrOwe(makeEdit: MakeEdit): Promise<void> {
    try {
      await this.apply(makeEdit);
    } catch (error) {
      if (this.failure === undefined) throw error;
      this.#owed = makeEdit;
    }
  }

  /** Ends a failure, and clears up what it left behind. Rejects when the disk does not let it. */
  async mend(): Promise<void> {
    const isOwed = this.#owed !== undefined || this.#leftBehind.length > 0;
    if (this.failure === undefined && !isOwed) return;
    await this.#options.log.mend();
    await this.apply(() => undefined);
    for (const remove of this.#leftBehind.splice(0)) await remove();
  }

  /** Removes files that no edit names: not before it is sure that a failed one does not, either. */
  async discard(remove: () => Promise<void>): Promise<void> {
    if (this.failure === undefined) await remove();
    else this.#leftBehind.push(remove);
  }

  async #append(edit: Edit): Promise<void> {
    try {
      await this.#options.log.append(edit);
    } catch (error) {
      if (this.failure !== undefined) this.#options.manifestFailed(toError(this.failure.cause));
      throw error;
    }
  }

  async #applyNow(makeEdit: MakeEdit, flushed: Generation | undefined): Promise<void> {
    const owed = this.#owed?.(this.state);
    if (owed !== undefined) await this.#append(owed);
    this.#owed = undefined;
    const edit = makeEdit(this.state);
    if (edit === undefined) return;
    const opened = await this.#openIndexFiles(edit.addIndexTables ?? []);
    try {
      await this.#append(edit);
      this.#take(edit, opened);
      const { active, sealed } = this.#version.parts;
      const waiting = sealed.filter((generation) => generation !== flushed);
      this.#install(this.#build(active, waiting));
    } finally {
      // From here on they are the Version's, or nobody's.
      for (const file of opened) file.release();
    }
  }

  #take(edit: Edit, opened: readonly IndexFile[]): void {
    for (const meta of edit.addTables ?? []) this.#tables.set(meta.number, this.#tableFile(meta));
    this.#addIndexFiles(opened);
    for (const number of edit.removeTables ?? []) {
      const file = this.#tables.get(number);
      if (file !== undefined) this.#leaving.set(number, file);
    }
    this.#forget(this.#tables, edit.removeTables);
    const { tombstones, cleaned, policies, rolled, dropped } = this.state;
    this.#deletions = { tombstones, cleaned };
    this.#rollups = { policies, rolled, dropped };
    this.#forget(this.#indexTables, edit.removeIndexTables);
  }

  /** Resolves once the files of removed tables that nobody reads by now are unlinked. */
  unlinked(): Promise<void> {
    return this.#removals.settled();
  }

  /**
   * Waits for edits and removals under way, lets go of every file and closes the manifest. Scans
   * that are still under way close what they hold, and remove nothing any more.
   */
  async close(): Promise<void> {
    await this.#lastEdit;
    this.#version.release();
    await this.#removals.close();
    await this.#options.log.close();
  }

  #build(active: Generation, sealed: readonly Generation[]): Version {
    return new Version({
      active,
      sealed,
      windows: groupByWindow(this.#tables.values()),
      indexFiles: [...this.#indexTables.values()],
      deletions: this.#deletions,
      rollups: this.#rollups,
    });
  }

  #install(next: Version): void {
    const previous = this.#version;
    this.#version = next;
    previous.release();
  }

  #tableFile(meta: TableMeta): TableFile {
    const { dir, openTable, keepTable, closeFile } = this.#options;
    return new SharedFile({
      meta,
      path: tablePath(dir, meta),
      open: openTable,
      keep: (open) => keepTable(meta.number, open),
      close: closeFile,
      gone: (path, unlink, closed) => this.#fileGone(meta.number, path, unlink, closed),
    });
  }

  /**
   * Each comes open and with a reference, the caller's. Those that cannot be read go to `lost`;
   * without it, they reject.
   */
  async #openIndexFiles(
    metas: readonly IndexTableMeta[],
    lost?: IndexFile[],
  ): Promise<IndexFile[]> {
    const { dir, openIndexTable, closeFile } = this.#options;
    const files = metas.map(
      (meta): IndexFile =>
        new SharedFile({
          meta,
          path: indexTablePath(dir, meta.number),
          open: openIndexTable,
          close: closeFile,
          gone: (path, unlink, closed) => this.#fileGone(meta.number, path, unlink, closed),
        }),
    );
    for (const file of files) file.retain();
    try {
      await Promise.all(files.map((file) => this.#openOrLose(file, lost)));
    } catch (error) {
      for (const file of files) file.release();
      throw error;
    }
    return files.filter((file) => !lost?.includes(file));
  }

  async #openOrLose(file: IndexFile, lost: IndexFile[] | undefined): Promise<void> {
    try {
      await file.reader();
    } catch (error) {
      const isDamage = error instanceof CorruptionError && !error.isOtherVersion;
      if (lost === undefined || !isDamage) throw error;
      this.#options.damaged(error);
      this.#lostIndexTables.push(error);
      lost.push(file);
    }
  }

  #addIndexFiles(files: readonly IndexFile[]): void {
    for (const file of files) this.#indexTables.set(file.meta.number, file);
  }

  #forget(files: Map<number, TableFile | IndexFile>, numbers: readonly number[] = []): void {
    for (const number of numbers) {
      files.get(number)?.markRemoved();
      files.delete(number);
    }
  }

  #fileGone(number: number, path: string, unlink: boolean, closed: Promise<void>): void {
    this.#options.tableGone(number);
    this.#leaving.delete(number);
    this.#removals.fileGone(path, unlink, closed);
  }
}
