// Compression of files, by the ends of their names.

import type { Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { CompressStream, DecompressStream } from 'zstd-napi';

interface Compression {
  readonly extension: string;
  readonly compress: () => Transform;
  readonly decompress: () => Transform;
}

const COMPRESSIONS: readonly Compression[] = [
  { extension: '.gz', compress: createGzip, decompress: createGunzip },
  {
    extension: '.zst',
    compress: () => new CompressStream(),
    decompress: () => new DecompressStream(),
  },
];

/** Undefined: the file is as it is. */
export function compressionOf(file: string): Compression | undefined {
  return COMPRESSIONS.find(({ extension }) => file.endsWith(extension));
}

export function withoutCompression(file: string): string {
  const { extension = '' } = compressionOf(file) ?? {};
  return file.slice(0, file.length - extension.length);
}
