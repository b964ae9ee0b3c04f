// Files on their way into an edit. They are durable before it is made; when it is not made they
// are removed again, so that a disk that is full is not filled further by every retry.

import type { Catalog } from './catalog.ts';
import type { FileSystem, WritableFile } from './env/env.ts';
import { isMissing } from './errors.ts';
import { TABLE_SYNC_BYTES } from './limits.ts';

/**
 * Runs `write`, which writes files and ends with the edit that names them. What is left behind when
 * the removal fails too is an orphan, and goes with the next start.
 */
export async function withNewFiles<Result>(
  fs: FileSystem,
  catalog: Catalog,
  write: (files: NewFiles) => Promise<Result>,
): Promise<Result> {
  // What is written while no edit can name it would only fill the disk.
  await catalog.mend();
  const files = new NewFiles(fs);
  try {
    return await write(files);
  } catch (error) {
    await catalog.discard(() => files.discard());
    throw error;
  }
}

/** A flush may write hundreds of files: so many of them are open at once. */
const FILES_AT_ONCE = 8;

/**
 * The results of `write` for all items, some at a time. When one rejects no further is begun, and
 * none is under way any more once this does.
 */
export async function allWritten<Item, Result>(
  items: readonly Item[],
  write: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += FILES_AT_ONCE) {
    const writes = items.slice(from, from + FILES_AT_ONCE).map(write);
    await Promise.allSettled(writes);
    results.push(...(await Promise.all(writes)));
  }
  return results;
}

/** A window's directory may vanish this often while a file is made in it. */
const ATTEMPTS_MAX = 8;

/** Made by withNewFiles. */
export class NewFiles {
  readonly #fs: FileSystem;
  readonly #paths: string[] = [];

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Writes and syncs a file; its name and those of new directories are for the caller to sync. */
  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.writeWith(path, async (file) => {
      let from = 0;
      for (; from + TABLE_SYNC_BYTES < bytes.length; from += TABLE_SYNC_BYTES) {
        await file.append([bytes.subarray(from, from + TABLE_SYNC_BYTES)]);
        await file.sync();
      }
      await file.append([bytes.subarray(from)]);
    });
  }

  /** The same for a file that `fill` appends to, piece by piece. */
  async writeWith<Result>(
    path: string,
    fill: (file: WritableFile) => Promise<Result>,
  ): Promise<Result> {
    const file = await this.#create(path);
    try {
      const result = await fill(file);
      await file.sync();
      return result;
    } finally {
      await file.close();
    }
  }

  /** Removes what was written, as far as the disk lets it. */
  async discard(): Promise<void> {
    for (const path of this.#paths) await this.#fs.remove(path).catch(() => undefined);
  }

  /** A window that is dropped meanwhile takes its empty directory along: then it is made again. */
  async #create(path: string): Promise<WritableFile> {
    for (let attempt = 1; ; attempt++) {
      await this.#fs.makeDir(path.slice(0, path.lastIndexOf('/')));
      try {
        const file = await this.#fs.create(path);
        this.#paths.push(path);
        return file;
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !isMissing(error)) throw error;
      }
    }
  }
}
