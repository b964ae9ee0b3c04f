// The errors a caller of storage can meet. Codes are stable, messages are free.

export type StorageErrorCode =
  | 'CORRUPTION' // bytes on disk are not what was written
  | 'UNAVAILABLE' // the disk is full or failing: writes are refused, reads go on
  | 'RESOURCE_EXHAUSTED' // a limit or a budget is reached: try again later
  | 'INVALID_ARGUMENT' // the caller asked for something that cannot be
  | 'LOCKED' // another process owns the data directory
  | 'CLOSED'; // the storage was closed

/** An operating error of storage: what went wrong, and by `code`, what can be done about it. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** Bytes at `path` + `offset` are not what was written there. */
export class CorruptionError extends StorageError {
  readonly path: string;
  readonly offset: number;

  /** The bytes may be whole, and of a format that this program does not know. */
  readonly isOtherVersion: boolean;

  /** `expectation` says what was expected against what was found. */
  constructor(
    path: string,
    offset: number,
    expectation: string,
    options?: { cause?: unknown; isOtherVersion?: boolean },
  ) {
    super('CORRUPTION', `${path} is damaged at byte ${offset}: ${expectation}`, options);
    this.name = 'CorruptionError';
    this.path = path;
    this.offset = offset;
    this.isOtherVersion = options?.isOtherVersion ?? false;
  }
}

/** The answer to points under an id that was given up: the labels, resolved anew, have another. */
export function refusalOfForgotten(): StorageError {
  const message = 'a series of these points was forgotten meanwhile: send them again';
  return new StorageError('UNAVAILABLE', message);
}

/** A system error as the kernel gives it, made here: `code` is its name, as in ENOSPC. */
export class SystemError extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

/** Whether the disk, or a quota on it, had no room; looks through what wraps the error. */
export function isOutOfSpace(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (hasCode(at, 'ENOSPC') || hasCode(at, 'EDQUOT')) return true;
  }
  return false;
}

/** Whether there was no such file. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

/** Whether it is a system error of this name, as in EXDEV. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** What was thrown, as an Error: libraries may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
