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

  /** `expectation` says what was expected against what was found. */
  constructor(path: string, offset: number, expectation: string, options?: { cause?: unknown }) {
    super('CORRUPTION', `${path} is damaged at byte ${offset}: ${expectation}`, options);
    this.name = 'CorruptionError';
    this.path = path;
    this.offset = offset;
  }
}

/** What was thrown, as an Error: libraries may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
