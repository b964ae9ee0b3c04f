// SHA-256 of whole files: what `sha256sum` prints, so that a snapshot can be checked without us.

import { createHash } from 'node:crypto';
import type { ReadableFile } from '../env/env.ts';

/** Read and hashed in one turn: less than a millisecond of it. */
const PIECE_BYTES = 256 << 10;

/** Waited for before each piece is read: a budget, or nothing. */
export type Pace = (bytes: number) => Promise<void>;

/** Lower-case hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads `file` from front to back, and hands each piece on to `piece`. */
export async function digestFile(
  file: ReadableFile,
  options: { readonly pace?: Pace; piece?(bytes: Uint8Array): Promise<void> } = {},
): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < file.size; offset += PIECE_BYTES) {
    await options.pace?.(Math.min(PIECE_BYTES, file.size - offset));
    const bytes = await file.read(offset, PIECE_BYTES);
    hash.update(bytes);
    await options.piece?.(bytes);
  }
  return hash.digest('hex');
}
