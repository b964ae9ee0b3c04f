// Why writes are refused, if they are. Whoever meets a disk that is full or fails reports it here;
// who mends it says when it is over. Reads do not ask.

import { isOutOfSpace, StorageError, toError } from './errors.ts';

/** What the disk refused: space, or the operation itself. Or the directory is not there. */
export type TroubleKind = 'disk-full' | 'disk-failing' | 'directory-gone';

/** What is written to open files of a directory that is gone reaches nobody. */
export class DirectoryGoneError extends Error {
  constructor(dir: string) {
    super(`the data directory ${dir} is gone, or another is in its place`);
    this.name = 'DirectoryGoneError';
  }
}

/** The answer to a write that `cause` stands in the way of. */
export function refusalOf(dir: string, cause: unknown): StorageError {
  const { message: reason } = toError(cause);
  if (cause instanceof DirectoryGoneError) {
    const what = 'put it back, and writes are taken again; without it stop the server and restore';
    return new StorageError('UNAVAILABLE', `${reason}: ${what}`, { cause });
  }
  const message = isOutOfSpace(cause)
    ? `the disk of ${dir} is full and writes are refused: free space there, or shorten ` +
      'retention, and they are taken again by themselves'
    : `the disk of ${dir} fails and writes are refused until it takes them again: ${reason}`;
  return new StorageError('UNAVAILABLE', message, { cause });
}

function kindOf(cause: unknown): TroubleKind {
  if (cause instanceof DirectoryGoneError) return 'directory-gone';
  return isOutOfSpace(cause) ? 'disk-full' : 'disk-failing';
}

export class Trouble {
  readonly #dir: string;
  #refusal: StorageError | undefined;
  #kind: TroubleKind | undefined;
  #count = 0;
  #onReport: (error: StorageError) => void = () => undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** What a write is answered with, while there is trouble. */
  get refusal(): StorageError | undefined {
    return this.#refusal;
  }

  /** Times that trouble began. */
  get count(): number {
    return this.#count;
  }

  get kind(): TroubleKind | undefined {
    return this.#kind;
  }

  /** Who begins to mend is told of each report, and of the one before, if there was one. */
  watch(onReport: (error: StorageError) => void): void {
    this.#onReport = onReport;
    if (this.#refusal !== undefined) onReport(this.#refusal);
  }

  /** The next report may turn a disk that fails into what says more. */
  report(cause: unknown): void {
    const kind = kindOf(cause);
    if (this.#kind === undefined) this.#count++;
    if (this.#kind === undefined || kind !== 'disk-failing') {
      this.#kind = kind;
      this.#refusal = refusalOf(this.#dir, cause);
    }
    this.#onReport(this.#refusal!);
  }

  clear(): void {
    this.#refusal = undefined;
    this.#kind = undefined;
  }
}
