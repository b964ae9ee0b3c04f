// The bytes of a file that is imported, decompressed when its name says so.

import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import type { World } from '../commands/world.ts';
import { UserError } from '../user-error.ts';
import { compressionOf } from './compression.ts';

export interface Source {
  /** To be read once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Read so far, before decompression. */
  readonly readBytes: () => number;
}

/** `-` is stdin. `signal` ends the reading, with its reason. */
export function openSource(file: string, { stdin }: World, signal: AbortSignal): Source {
  const source = file === '-' ? stdin : createReadStream(file);
  signal.addEventListener('abort', () => source.destroy(signal.reason), { once: true });
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  source.pause();
  const compression = compressionOf(file);
  if (compression === undefined) return { chunks: source, readBytes: () => bytes };
  // An error of the file ends the other, whose reader meets it.
  const decompressed = pipeline(source, compression.decompress(), () => {});
  return { chunks: decompressed, readBytes: () => bytes };
}

/** Bytes of the files together; undefined with stdin among them. Throws UserError. */
export function totalBytes(files: readonly string[]): number | undefined {
  let total = 0;
  for (const file of files) {
    if (file === '-') return undefined;
    const stats = statSync(file);
    if (stats.isDirectory()) throw new UserError(`${file} is a directory: name the files in it`, 2);
    total += stats.size;
  }
  return total;
}
