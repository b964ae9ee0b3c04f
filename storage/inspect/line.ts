// What an inspection says, line by line. Nothing in it is kept: files of any size take the memory
// of one block or record.

import { CorruptionError, StorageError } from '../errors.ts';

export interface InspectLine {
  /**
   * fact: what is there. note: what is odd and does no harm, such as the torn end of a log.
   * damage: bytes that are not what was written, or files that are not there.
   */
  readonly kind: 'fact' | 'note' | 'damage';
  readonly text: string;
}

export type InspectLines = AsyncGenerator<InspectLine, void, void>;

export function fact(text: string): InspectLine {
  return { kind: 'fact', text };
}

export function note(text: string): InspectLine {
  return { kind: 'note', text };
}

export function damage(path: string, offset: number, expectation: string): InspectLine {
  return damageOf(new CorruptionError(path, offset, expectation));
}

/** The line for damage that a reader met; what is no damage is thrown again. */
export function damageOf(error: unknown): InspectLine {
  if (error instanceof CorruptionError) return { kind: 'damage', text: error.message };
  throw error;
}

/** `lines`; what makes the file at `path` unreadable is the last of them, and not thrown. */
export async function* untilUnreadable(path: string, lines: InspectLines): InspectLines {
  try {
    yield* lines;
  } catch (error) {
    yield isSystemError(error)
      ? damage(path, 0, `expected to read it, found ${error.message}`)
      : damageOf(error);
  }
}

/** An error as the kernel gives it: a disk that fails, a file that is gone, no permission. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && !(error instanceof StorageError) && 'code' in error;
}
