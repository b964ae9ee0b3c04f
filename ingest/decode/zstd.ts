// Bounded zstd: what a frame claims is checked before memory is taken for it.

import zstd from 'zstd-napi/binding.js';
import { IngestError, malformed } from '../errors.ts';

const FIRST_PIECE_BYTES = 256 * 1024;
/** A frame of unknown size may ask for a window of at most this (2^25 = 32 MiB). */
const WINDOW_LOG_MAX = 25;

/** Contexts that are not in use: each is some 100 KB that would otherwise wait to be collected. */
const idle: zstd.DCtx[] = [];
const IDLE_MAX = 8;
/** One that has made more has a window of its own, which is not worth keeping. */
const KEPT_CONTENT_MAX = 1024 * 1024;

/**
 * The content of the one zstd frame in `frame`. Throws RESOURCE_EXHAUSTED when it is larger than
 * `sizeMax` bytes, INVALID_ARGUMENT when it is damaged or followed by anything else.
 */
export function decompressFrame(frame: Uint8Array, sizeMax: number): Buffer {
  const declared = inspectFrame(frame);
  if (declared === undefined) return decompressPiecewise(frame, sizeMax);
  if (declared > sizeMax) throw tooLarge(declared, sizeMax);
  const content = Buffer.allocUnsafe(declared);
  const context = takeContext();
  const size = guarded(() => context.decompress(content, frame));
  keepContext(context, size);
  if (size !== declared) throw malformed(`columns_zstd holds ${size} bytes, declared ${declared}`);
  return content;
}

export interface PieceRules {
  /** Of content, made at a time. */
  readonly pieceBytes: number;
  /** Told of the size that the first frame declares, if it does; may throw. */
  readonly onDeclared: (bytes: number) => void;
}

/** The content of frames that arrive in chunks; each piece is made when it is asked for. */
export async function* uncompressedPieces(
  chunks: AsyncIterable<Buffer>,
  { pieceBytes, onDeclared }: PieceRules,
): AsyncGenerator<Buffer> {
  const context = takeContext();
  let owed = 0;
  let total = 0;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) onDeclared(declaredSize(chunk) ?? 0);
    isFirst = false;
    for (let consumed = 0, full = false; consumed < chunk.length || full; ) {
      const piece = Buffer.allocUnsafe(pieceBytes);
      const rest = chunk.subarray(consumed);
      const [left, produced, read] = context.decompressStream(piece, rest);
      owed = left;
      consumed += read;
      total += produced;
      // Behind a frame that is whole nothing is left, though its end filled the piece.
      full = produced === piece.length && left > 0;
      if (produced > 0) yield piece.subarray(0, produced);
    }
  }
  if (owed !== 0) throw new Error('it is cut short');
  keepContext(context, total);
}

/** The declared content size, undefined when the frame does not say. */
function inspectFrame(frame: Uint8Array): number | undefined {
  const length = guarded(() => zstd.findFrameCompressedSize(frame));
  if (length !== frame.length) {
    throw malformed(`columns_zstd is not one zstd frame: ${frame.length - length} bytes follow it`);
  }
  return guarded(() => zstd.getFrameContentSize(frame)) ?? undefined;
}

/** The same of the beginning of a frame, which may be too short to tell. */
function declaredSize(chunk: Uint8Array): number | undefined {
  try {
    return zstd.getFrameContentSize(chunk) ?? undefined;
  } catch {
    return undefined;
  }
}

/** For a frame that does not declare its size: doubles its memory while there is more to come. */
function decompressPiecewise(frame: Uint8Array, sizeMax: number): Buffer {
  const context = takeContext();
  let content = Buffer.allocUnsafe(Math.min(FIRST_PIECE_BYTES, sizeMax + 1));
  let size = 0;
  let consumed = 0;
  for (;;) {
    const [owed, produced, read] = guarded(() =>
      context.decompressStream(content.subarray(size), frame.subarray(consumed)),
    );
    size += produced;
    consumed += read;
    if (size > sizeMax) throw tooLarge(undefined, sizeMax);
    if (owed === 0) {
      keepContext(context, size);
      return content.subarray(0, size);
    }
    if (produced === 0 && read === 0) throw malformed('columns_zstd is cut short');
    if (size === content.length) {
      const larger = Buffer.allocUnsafe(Math.min(content.length * 2, sizeMax + 1));
      content.copy(larger);
      content = larger;
    }
  }
}

function takeContext(): zstd.DCtx {
  const kept = idle.pop();
  if (kept !== undefined) return kept;
  const context = new zstd.DCtx();
  context.setParameter(zstd.DParameter.windowLogMax, WINDOW_LOG_MAX);
  return context;
}

/** Only after a success: one that has met damage is let go. */
function keepContext(context: zstd.DCtx, contentBytes: number): void {
  if (contentBytes > KEPT_CONTENT_MAX || idle.length === IDLE_MAX) return;
  context.reset(zstd.ResetDirective.sessionOnly);
  idle.push(context);
}

function guarded<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw malformed(`columns_zstd: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tooLarge(size: number | undefined, sizeMax: number): IngestError {
  const found = size === undefined ? 'more than the' : `${size} bytes, more than the`;
  return new IngestError(
    'RESOURCE_EXHAUSTED',
    `columns_zstd decompresses to ${found} ${sizeMax} bytes of ingest.limits.message`,
  );
}
