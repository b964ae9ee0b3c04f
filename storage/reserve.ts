// Disk space kept back for hard times: a file without content that matters. When the disk is full
// it is given up, so that what is in memory can be flushed and windows can be dropped; writes are
// taken again only once it could be made anew.

import type { FileSystem } from './env/env.ts';
import { isMissing, isOutOfSpace, SystemError } from './errors.ts';
import { RESERVE_NAME } from './filenames.ts';
import type { Trouble } from './trouble.ts';

/** Free space that is asked for on top, as a share: else writes would come and go by the second. */
const MARGIN = 1 / 4;

export class Reserve {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #bytes: number;
  #isWhole = false;

  /** `bytes` may be 0: nothing is kept back, and any free space will do. */
  constructor(dir: string, fs: FileSystem, bytes: number) {
    this.#dir = dir;
    this.#fs = fs;
    this.#bytes = bytes;
  }

  /** Whether the space is kept, as far as this process knows. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Makes the file unless it is there. Rejects with ENOSPC when there is no room for it. */
  async make(): Promise<void> {
    const size = await this.#fs.size(this.#path);
    if (size !== this.#bytes) {
      if (size !== undefined) await this.#fs.remove(this.#path);
      const freeBytes = await this.#fs.freeBytes(this.#dir);
      if (freeBytes <= this.#bytes * (1 + MARGIN)) throw new SystemError('ENOSPC', this.#path);
      if (this.#bytes > 0) await this.#fs.reserve(this.#path, this.#bytes);
    }
    this.#isWhole = true;
  }

  /** Gives the space up. False when there was none. */
  async release(): Promise<boolean> {
    this.#isWhole = false;
    try {
      await this.#fs.remove(this.#path);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  get #path(): string {
    return `${this.#dir}/${RESERVE_NAME}`;
  }
}

/** Runs `action`; when the disk turns out to be full, once more with the space of the reserve. */
export async function withReserve<Result>(
  { reserve, trouble }: { readonly reserve: Reserve; readonly trouble: Trouble },
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    trouble.report(error);
    if (!(await reserve.release())) throw error;
    return action();
  }
}
