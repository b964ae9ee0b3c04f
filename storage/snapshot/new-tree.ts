// A directory in the making, such as a snapshot: what was made is known, so that it can be synced
// at the end, or removed when it does not come to that.

import type { FileSystem, WritableFile } from '../env/env.ts';
import { hasCode, StorageError } from '../errors.ts';
import { digestFile, type Pace } from './digest.ts';

/** Why a second name cannot be had, so that a copy is made: another file system, or one without. */
const NO_LINK_CODES = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** `dir` is made if absent. Throws INVALID_ARGUMENT unless it is empty. */
export async function beginTree(dir: string, fs: FileSystem): Promise<NewTree> {
  if ((await fs.size(dir)) !== undefined) {
    throw new StorageError('INVALID_ARGUMENT', `${dir} is a file: name a directory`);
  }
  if ((await fs.list(dir)).length > 0) {
    throw new StorageError('INVALID_ARGUMENT', `${dir} is not empty: name a new directory`);
  }
  const tree = new NewTree(dir, fs);
  await tree.makeDir('');
  return tree;
}

/** Made by beginTree. Paths are below its directory, with `/`. */
export class NewTree {
  readonly dir: string;
  readonly #fs: FileSystem;
  /** Parents before children; '' is the directory itself. */
  readonly #dirs = new Set<string>();
  readonly #files: string[] = [];

  constructor(dir: string, fs: FileSystem) {
    this.dir = dir;
    this.#fs = fs;
  }

  /** A directory that others make files in, too. */
  async makeDir(path: string): Promise<void> {
    if (this.#dirs.has(path)) return;
    if (path !== '') await this.makeDir(parentOf(path));
    await this.#fs.makeDir(this.#absolute(path));
    this.#dirs.add(path);
  }

  /** Like FileSystem.create; the caller syncs and closes it. */
  async create(path: string): Promise<WritableFile> {
    await this.makeDir(parentOf(path));
    const file = await this.#fs.create(this.#absolute(path));
    this.#files.push(path);
    return file;
  }

  /**
   * A second name of the file at `source`; or, where there can be none, a synced copy, and then its
   * SHA-256.
   */
  async link(source: string, path: string, pace?: Pace): Promise<string | undefined> {
    await this.makeDir(parentOf(path));
    try {
      await this.#fs.link(source, this.#absolute(path));
      this.#files.push(path);
      return undefined;
    } catch (error) {
      if (!NO_LINK_CODES.some((code) => hasCode(error, code))) throw error;
      return this.copy(source, path, pace);
    }
  }

  /** A synced copy of the file at `source`; its SHA-256. */
  async copy(source: string, path: string, pace?: Pace): Promise<string> {
    const from = await this.#fs.open(source);
    try {
      const to = await this.create(path);
      try {
        const piece = (bytes: Uint8Array): Promise<void> => to.append([bytes]);
        const sha256 = await digestFile(from, { ...(pace && { pace }), piece });
        await to.sync();
        return sha256;
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  }

  /** Counts a file that somebody else made below the directory among those to be discarded. */
  adopt(path: string): void {
    this.#files.push(path);
  }

  /** Makes all names durable, the directory's own included. */
  async syncDirs(): Promise<void> {
    for (const path of [...this.#dirs].reverse()) await this.#fs.syncDir(this.#absolute(path));
    // Its parents may be new, too.
    for (let dir = parentOf(this.dir), up = 0; dir !== '' && up < 2; dir = parentOf(dir), up++) {
      await this.#fs.syncDir(dir).catch(unlessForbidden);
    }
  }

  /** Renames a file at the top once all else is durable: who finds `to` finds the whole. */
  async finish(from: string, to: string): Promise<void> {
    await this.syncDirs();
    await this.#fs.rename(this.#absolute(from), this.#absolute(to));
    this.#files[this.#files.indexOf(from)] = to;
    await this.#fs.syncDir(this.dir);
  }

  /** Removes what was made, as far as the disk lets it. */
  async discard(): Promise<void> {
    for (const path of this.#files) await this.#fs.remove(this.#absolute(path)).catch(() => {});
    for (const path of [...this.#dirs].reverse()) {
      await this.#fs.removeDir(this.#absolute(path)).catch(() => {});
    }
  }

  #absolute(path: string): string {
    return path === '' ? this.dir : `${this.dir}/${path}`;
  }
}

/** A directory that may not be read is older than what is made here. */
function unlessForbidden(error: unknown): void {
  if (!hasCode(error, 'EACCES')) throw error;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
