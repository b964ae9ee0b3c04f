// Files that nobody has any more are closed and unlinked behind everything else. A sweep lets go of
// hundreds at once: all together they would keep every thread that an fsync of the log waits for,
// and one by one each would wait for its turn of the event loop.

import type { FileSystem } from './env/env.ts';
import { toError } from './errors.ts';

/** Of four threads that Node has for files: the log and reads keep the others. */
const DIRECTORIES_AT_ONCE = 2;

/** Where files go one after another: two unlinks would only wait for the lock of the directory. */
interface Leaving {
  readonly lane: number;
  /** Files that have not had their turn yet. */
  left: number;
}

export class Removals {
  readonly #fs: Pick<FileSystem, 'remove' | 'removeDir'>;
  readonly #failed: (error: Error) => void;
  /** What each settles with is the last of its files so far. */
  readonly #lanes: Promise<void>[] = Array.from({ length: DIRECTORIES_AT_ONCE }, async () => {});
  /** By path, directories with files on their way out. */
  readonly #leaving = new Map<string, Leaving>();
  #nextLane = 0;
  #files = 0;
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
    this.#files++;
    const dir = path.slice(0, path.lastIndexOf('/'));
    const leaving = this.#leaving.get(dir) ?? { lane: this.#takeLane(), left: 0 };
    this.#leaving.set(dir, leaving);
    leaving.left++;
    this.#lanes[leaving.lane] = this.#lanes[leaving.lane]!.then(async () => {
      try {
        await closed;
        if (unlink && !this.#isClosed) await this.#fs.remove(path);
      } catch (error) {
        this.#failed(toError(error));
      }
      if (--leaving.left === 0) await this.#lastGone(dir, unlink);
    });
  }

  /** Resolves once what is gone by now is closed and unlinked. */
  async settled(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  /**
   * Waits for all of them. What a scan holds for longer stays: the directory may have another owner
   * by then.
   */
  async close(): Promise<void> {
    for (let seen = -1; seen !== this.#files; ) {
      seen = this.#files;
      await this.settled();
    }
    this.#isClosed = true;
  }

  #takeLane(): number {
    const lane = this.#nextLane;
    this.#nextLane = (lane + 1) % DIRECTORIES_AT_ONCE;
    return lane;
  }

  /** A window's directory goes with its last file, and only then is asked to. */
  async #lastGone(dir: string, isRemoved: boolean): Promise<void> {
    this.#leaving.delete(dir);
    if (!isRemoved || this.#isClosed) return;
    await this.#fs.removeDir(dir).catch((error: unknown) => this.#failed(toError(error)));
  }
}
