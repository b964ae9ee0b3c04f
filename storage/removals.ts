// Files that nobody has any more are closed and unlinked one after another. A sweep lets go of
// hundreds at once: together they would keep every thread that an fsync of the log waits for.

import type { FileSystem } from './env/env.ts';
import { toError } from './errors.ts';

export class Removals {
  readonly #fs: Pick<FileSystem, 'remove' | 'removeDir'>;
  readonly #failed: (error: Error) => void;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** `failed` is told of files that cannot be unlinked: orphans, which the next start removes. */
  constructor(fs: Pick<FileSystem, 'remove' | 'removeDir'>, failed: (error: Error) => void) {
    this.#fs = fs;
    this.#failed = failed;
  }

  /** Waits for the file's end; with `unlink`, an edit that is durable has removed it. */
  fileGone(path: string, unlink: boolean, closed: Promise<void>): void {
    // Told when its turn has come.
    closed.catch(() => {});
    this.#last = this.#last.then(async () => {
      try {
        await closed;
        if (unlink && !this.#isClosed) await this.#unlink(path);
      } catch (error) {
        this.#failed(toError(error));
      }
    });
  }

  /** Resolves once what is gone by now is closed and unlinked. */
  settled(): Promise<void> {
    return this.#last;
  }

  /**
   * Waits for all of them. What a scan holds for longer stays: the directory may have another owner
   * by then.
   */
  async close(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
    this.#isClosed = true;
  }

  /** A window's directory goes with its last file. */
  async #unlink(path: string): Promise<void> {
    await this.#fs.remove(path);
    await this.#fs.removeDir(path.slice(0, path.lastIndexOf('/')));
  }
}
