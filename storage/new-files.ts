// Files on their way into an edit. They are durable before it is made; when it is not made they
// are removed again, so that a disk that is full is not filled further by every retry.

import type { Catalog } from './catalog.ts';
import type { FileSystem, WritableFile } from './env/env.ts';
import { isMissing } from './errors.ts';

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

/** Like Promise.all, but when it rejects none of `writes` is under way any more. */
export async function allWritten<Result>(writes: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(writes);
  return Promise.all(writes);
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
    return this.writeWith(path, (file) => file.append([bytes]));
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
