// Reads every table from front to back, one after another and so slowly that a pass over all of
// them takes days: damage is found while there is still a backup without it. What is damaged is
// told of, and a table that cannot be opened is put aside, as when a query meets it.
//
// A pass keeps to the clock: where it is follows from the time of day, as it were, so that it goes
// on after a restart without a note of it on disk.

import type { Core } from './core.ts';
import { CorruptionError, toError } from './errors.ts';
import { asEventTable, openTableOfKind, readText } from './events/event-table.ts';
import { createBlockCache } from './sstable/block-cache.ts';
import { openIndexTable } from './tag-index/table.ts';
import type { StorageStats } from './types.ts';
import type { IndexFile, TableFile, Version } from './version.ts';

/** Between two looks when there is nothing to read, or passes are wanted faster than can be, ms. */
const IDLE_MS = 60_000;
const PAUSE_MS_MIN = 1000;

export type ScrubFigures = StorageStats['scrub'];

export class Scrubber {
  readonly #core: Core;
  /** Number of the last file that was read; undefined before the first look. */
  #position: number | undefined;
  /** Whether the pass under way began with the first file. */
  #isWholePass = false;
  #pauseMs = PAUSE_MS_MIN;
  #bytes = 0;
  #damages = 0;
  #lastPassMs: number | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  get figures(): ScrubFigures {
    const lastPassMs = this.#lastPassMs;
    const everyMs = this.#core.settings.scrubEveryMs;
    const figures = { everyMs, bytes: this.#bytes, damages: this.#damages };
    return lastPassMs === undefined ? figures : { ...figures, lastPassMs };
  }

  /** How long to wait before the next step, so that all files take as long as a pass should. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** Reads one file; the first step only finds out where the pass is. */
  async step(): Promise<void> {
    const version = this.#core.catalog.version.retain();
    try {
      await this.#next(version);
    } finally {
      version.release();
    }
  }

  async #next(version: Version): Promise<void> {
    const { clock } = this.#core.env;
    const everyMs = this.#core.settings.scrubEveryMs;
    const files = filesOf(version);
    const totalBytes = files.reduce((sum, { meta }) => sum + meta.sizeBytes, 0);
    this.#position ??= positionAt((clock.nowMs() % everyMs) / everyMs, files, totalBytes);
    let file = files.find(({ meta }) => meta.number > this.#position!);
    if (file === undefined) {
      if (this.#isWholePass) this.#lastPassMs = clock.nowMs();
      this.#isWholePass = true;
      [file] = files;
    }
    this.#pauseMs = IDLE_MS;
    if (file === undefined) return;
    this.#position = file.meta.number;
    this.#pauseMs = Math.max(PAUSE_MS_MIN, (everyMs * file.meta.sizeBytes) / totalBytes);
    await this.#read(file);
  }

  async #read(file: ScrubbedFile): Promise<void> {
    const read = isIndexFile(file) ? this.#readIndexTable(file) : this.#readTable(file);
    await this.#orReport(read, () => {
      // An index table was opened at the start, and is in use.
      if (isIndexFile(file)) return;
      const { catalog, settings } = this.#core;
      catalog
        .quarantine(file)
        .catch((error: unknown) => settings.listener.backgroundError?.(toError(error)));
    });
  }

  async #readTable({ path, meta }: TableFile): Promise<void> {
    const { io, handles } = this.#core;
    // Opened anew: what is in memory says nothing of what is on disk.
    const table = await openTableOfKind(meta.kind, await handles.readNamed(path), path);
    for (const [block, { handle }] of table.blocks.entries()) {
      await io.take(handle.size);
      await this.#orReport(table.readBlock(block));
      if (meta.kind === 'events') await this.#orReport(readText(asEventTable(table), block));
      this.#bytes += handle.size;
    }
    await table.seriesIds();
  }

  async #readIndexTable({ path, meta, opened }: IndexFile): Promise<void> {
    const { io, handles } = this.#core;
    const file = await handles.readNamed(path);
    const table = await openIndexTable(file, path, meta.number, createBlockCache(0));
    for (const [block, { size }] of table.index.handles.entries()) {
      await io.take(size);
      // By the one that is in use, which remembers it for queries.
      await this.#orReport((opened ?? table).readBlock(block));
      this.#bytes += size;
    }
  }

  async #orReport(reading: Promise<unknown>, onDamage?: () => void): Promise<void> {
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#damages++;
      this.#core.settings.listener.corruption?.(error);
      if (!error.isOtherVersion) onDamage?.();
    }
  }
}

type ScrubbedFile = TableFile | IndexFile;

function isIndexFile(file: ScrubbedFile): file is IndexFile {
  return 'level' in file.meta;
}

/** In the order of their numbers, which no file changes. */
function filesOf({ parts }: Version): ScrubbedFile[] {
  const tables: ScrubbedFile[] = parts.windows.flatMap((window) => window.tables);
  return [...tables, ...parts.indexFiles].sort((a, b) => a.meta.number - b.meta.number);
}

/** The number of the file that lies before this share of all bytes. */
function positionAt(share: number, files: readonly ScrubbedFile[], totalBytes: number): number {
  let bytes = 0;
  let position = 0;
  for (const { meta } of files) {
    bytes += meta.sizeBytes;
    if (bytes > share * totalBytes) break;
    position = meta.number;
  }
  return position;
}
