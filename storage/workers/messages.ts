// What the pool and its threads say to each other.

import { CorruptionError, StorageError, type StorageErrorCode } from '../errors.ts';

export interface JobRequest {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

export type JobReply =
  | { readonly kind: 'done'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

/** An error as plain data: a copy between threads loses the class and the fields of ours. */
export interface Failure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code?: StorageErrorCode;
  readonly place?: { readonly path: string; readonly offset: number };
}

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const { message, stack } = error;
  if (!(error instanceof StorageError)) return { message, stack };
  if (!(error instanceof CorruptionError)) return { message, stack, code: error.code };
  return { message, stack, code: error.code, place: { path: error.path, offset: error.offset } };
}

export function fromFailure(failure: Failure): Error {
  const error = emptyError(failure);
  error.message = failure.message;
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}

function emptyError({ code, place }: Failure): Error {
  if (place !== undefined) return new CorruptionError(place.path, place.offset, '');
  return code === undefined ? new Error() : new StorageError(code, '');
}
