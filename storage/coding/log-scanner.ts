// Reads a log file from front to back in pieces: every whole frame, and between them what is
// damaged. Memory is bounded by one piece and one payload.

import type { ReadableFile } from '../env/env.ts';
import { CorruptionError } from '../errors.ts';
import { checksum } from './checksum.ts';
import {
  decodeFrameHeader,
  decodeLogHeader,
  FRAME_ALIGNMENT,
  FRAME_HEADER_BYTES,
  frameEnd,
  LOG_HEADER_BYTES,
  LOG_VERSION,
  type LogKind,
} from './log-format.ts';

/** Bytes [offset, offset + length) hold no whole frame; some follow unless `atEnd`. */
export interface LogDamage {
  readonly kind: 'damage';
  readonly offset: number;
  readonly length: number;
  /** What was expected at `offset`. */
  readonly expectation: string;
  readonly atEnd: boolean;
  /** The file ends within the header or frame that begins at `offset`. */
  readonly cutShort: boolean;
}

/** `payload` lies at `offset` of the file, and is good until the next item is asked for. */
export interface LogFrame {
  readonly kind: 'frame';
  readonly offset: number;
  readonly payload: Uint8Array;
  /** Zeros follow up to the next frame, as written. */
  readonly padded: boolean;
}

/** Damage whose end is not known yet. */
type FoundDamage = Omit<LogDamage, 'kind' | 'length' | 'atEnd'>;

export type LogItem = LogFrame | LogDamage;

export interface LogScan {
  readonly kind: LogKind;
  readonly file: ReadableFile;
  /** For messages. */
  readonly path: string;
  /** Bytes read at once. */
  readonly readBytes: number;
  /** A frame that claims more payload is damaged. */
  readonly payloadBytesMax: number;
}

/** The search for the next frame goes in steps of this size. */
const SEARCH_BYTES = 4096;

/** Throws CorruptionError when the file is of a version this program does not know. */
export async function* scanLog(scan: LogScan): AsyncGenerator<LogItem, void, void> {
  const { file, payloadBytesMax } = scan;
  const read = createPieceReader(file, scan.readBytes);
  if (file.size === 0) return;
  const header = decodeLogHeader(scan.kind, await read(0, LOG_HEADER_BYTES));
  if (header !== undefined && header.version !== LOG_VERSION) {
    const found = `expected version ${LOG_VERSION}, found ${header.version}`;
    throw new CorruptionError(scan.path, 8, `${found}: a newer varve wrote it`);
  }

  // Without a header the first frame that vouches for itself tells the marker.
  let marker = header?.marker;
  let damage: FoundDamage | undefined;
  if (header === undefined) {
    const cutShort = file.size < LOG_HEADER_BYTES;
    damage = { offset: 0, expectation: 'expected a header', cutShort };
  }
  let offset = LOG_HEADER_BYTES;
  while (offset < file.size) {
    const frame = decodeFrameHeader(await read(offset, FRAME_HEADER_BYTES), 0, marker);
    if (frame === undefined || frame.length > payloadBytesMax) {
      const cutShort = file.size - offset < FRAME_HEADER_BYTES;
      damage ??= { offset, expectation: 'expected the header of a record', cutShort };
      offset = await findFrame(file.size, read, offset + FRAME_ALIGNMENT, marker);
      continue;
    }
    marker = frame.marker;
    const start = offset + FRAME_HEADER_BYTES;
    const end = frameEnd(offset, frame.length);
    const bytes = await read(start, end - start);
    const payload = bytes.subarray(0, frame.length);
    const cutShort = payload.length < frame.length;
    if (cutShort || checksum(payload) !== frame.payloadChecksum) {
      const expectation = `expected ${frame.length} B that fit their checksum`;
      damage ??= { offset, expectation, cutShort };
    } else {
      if (damage !== undefined) yield damageItem(damage, offset, false);
      damage = undefined;
      const padding = bytes.subarray(frame.length);
      const padded = start + bytes.length === end && padding.every((byte) => byte === 0);
      yield { kind: 'frame', offset: start, payload, padded };
    }
    offset = end;
  }
  if (damage !== undefined) yield damageItem(damage, file.size, true);
}

type PieceReader = (offset: number, length: number) => Promise<Uint8Array>;

/** Reads `length` bytes, or fewer at the end of the file, at least `readBytes` ahead each time. */
function createPieceReader(file: ReadableFile, readBytes: number): PieceReader {
  let piece: Uint8Array = new Uint8Array(0);
  let pieceOffset = 0;
  return async (offset, length) => {
    const end = Math.min(offset + length, file.size);
    if (offset < pieceOffset || end > pieceOffset + piece.length) {
      piece = await file.read(offset, Math.max(length, readBytes));
      pieceOffset = offset;
    }
    return piece.subarray(offset - pieceOffset, end - pieceOffset);
  };
}

/** Offset of the next frame header from `offset` on, or the file's size. */
async function findFrame(
  size: number,
  read: PieceReader,
  offset: number,
  marker: number | undefined,
): Promise<number> {
  while (offset + FRAME_HEADER_BYTES <= size) {
    const piece = await read(offset, SEARCH_BYTES);
    let at = 0;
    for (; at + FRAME_HEADER_BYTES <= piece.length; at += FRAME_ALIGNMENT) {
      if (decodeFrameHeader(piece, at, marker) !== undefined) return offset + at;
    }
    offset += at;
  }
  return size;
}

function damageItem(damage: FoundDamage, end: number, atEnd: boolean): LogItem {
  return { kind: 'damage', ...damage, length: end - damage.offset, atEnd };
}
