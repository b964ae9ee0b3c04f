// The body of a request: decompressed as it arrives, so that neither a long one nor a small one
// that unfolds into a huge one takes more memory than was asked for.

import { PassThrough, type Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { uncompressedPieces } from '../decode/zstd.ts';
import { IngestError, malformed } from '../errors.ts';
import { letGo } from './let-go.ts';

/**
 * Decompressed at a time: every piece is a turn of the event loop, so that large ones make much of
 * an unfolding body cheaper, and are a waste of memory for a small one.
 */
const PIECE_BYTES_MIN = 4 * 1024;
const PIECE_BYTES_MAX = 256 * 1024;
/** What text ordinarily unfolds to, of its size as sent. */
const UNFOLDS_TO = 8;

/** Content codings that can be undone piece by piece. Snappy's block format cannot: snappy.ts. */
const STREAMED: Readonly<Record<string, (chunkSize: number) => Transform>> = {
  identity: () => new PassThrough(),
  gzip: (chunkSize) => createGunzip({ chunkSize }),
  'x-gzip': (chunkSize) => createGunzip({ chunkSize }),
  deflate: (chunkSize) => createInflate({ chunkSize }),
  zstd: () => new PassThrough(),
  snappy: () => new PassThrough(),
};

/** A body's chunks, to be read once. Whoever reads them owns their memory. */
export type Chunks = AsyncIterable<Buffer>;

/** The value of Content-Encoding as the coding to undo; UNSUPPORTED_MEDIA_TYPE for others. */
export function contentCoding(header: string | undefined): string {
  const coding = (header ?? '').trim().toLowerCase() || 'identity';
  if (Object.hasOwn(STREAMED, coding)) return coding;
  const known = Object.keys(STREAMED).join(', ');
  const message = `cannot undo Content-Encoding ${JSON.stringify(coding)}; known are ${known}`;
  throw new IngestError('UNSUPPORTED_MEDIA_TYPE', message);
}

export interface BodyRules {
  /** See contentCoding. */
  readonly coding: string;
  /** As the headers have it; NaN when they do not. */
  readonly declaredBytes: number;
  /** A body that says ahead that it unfolds to more is TOO_LARGE; Infinity for no such limit. */
  readonly sizeMax: number;
  readonly signal: AbortSignal;
  /** Told of bytes as they were sent. */
  readonly received: (bytes: number) => void;
}

/**
 * Reads `source` no faster than it is consumed; snappy is left as it is. Ends with the reason of
 * `signal` when that is aborted, with CANCELLED when the client goes away. Whatever happens, the
 * connection stays, so that an answer can be sent.
 */
export async function* openBody(source: Readable, rules: BodyRules): AsyncGenerator<Buffer> {
  const { coding, declaredBytes, sizeMax, signal, received } = rules;
  const size = pieceBytes(declaredBytes);
  const decoder = STREAMED[coding]!(size);
  const stop = () => decoder.destroy(signal.reason);
  const onDeclared = (bytes: number) => {
    if (bytes > sizeMax) throw tooLarge('the uncompressed body', sizeMax);
  };
  const pieces = () => uncompressedPieces(decoder, { pieceBytes: size, onDeclared });
  const cutOff = () => decoder.destroy(new IngestError('CANCELLED', 'the body was cut off'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  source.on('data', (chunk: Buffer) => received(chunk.length));
  source.once('error', cutOff);
  source.pipe(decoder);
  try {
    yield* coding === 'zstd' ? pieces() : decoder;
  } catch (error) {
    if (error instanceof IngestError) throw error;
    throw malformed(`${coding} body: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    signal.removeEventListener('abort', stop);
    decoder.destroy();
    // What still comes is let go of: a connection that is closed early loses the answer.
    source.unpipe(decoder);
    source.resume();
  }
}

function pieceBytes(declaredBytes: number): number {
  const wanted = Number.isNaN(declaredBytes) ? PIECE_BYTES_MAX : declaredBytes * UNFOLDS_TO;
  return Math.max(PIECE_BYTES_MIN, Math.min(PIECE_BYTES_MAX, wanted));
}

/** A whole body. `hold` is told of every chunk before the next is waited for. */
export async function readAll(
  chunks: Chunks,
  sizeMax: number,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > sizeMax) throw tooLarge('the body', sizeMax);
    hold(chunk.length);
    pieces.push(chunk);
  }
  if (pieces.length === 1) return pieces[0]!;
  const whole = Buffer.concat(pieces, size);
  for (const piece of pieces) letGo(piece);
  return whole;
}

/** `sizeMax` is what ingest.limits.message says. */
export function tooLarge(what: string, sizeMax: number): IngestError {
  const message = `${what} is larger than the ${sizeMax} bytes of ingest.limits.message`;
  return new IngestError('TOO_LARGE', message);
}
