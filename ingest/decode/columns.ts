// Columns, and the points of a TimeSeries, from wire bytes into typed arrays.
//
// Packed and unpacked encodings may mix and a message may come in pieces, so one pass over the
// tags counts the elements and a second copies them. For an ordinary message that is three tags.
// Elements are copied as bytes, so values stay themselves bit for bit.

import { malformed } from '../errors.ts';
import {
  readLength,
  readTag,
  skipBytes,
  skipField,
  WIRE_I32,
  WIRE_I64,
  WIRE_LEN,
  type WireCursor,
} from './wire.ts';

/** Runs up to this long are copied in a loop: below it a call of Buffer.copy costs more. */
const LOOP_COPY_BYTES_MAX = 64;

/** Two doubles and an id. */
export const POINT_BYTES = 20;

/** Points of one request, in one piece of memory. */
export interface PointBuffer {
  /** Refs at first, then series ids. */
  readonly ids: Uint32Array;
  /** int64 at first, then doubles: see convertTimestamps. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** What the columns lie in, and the same as bytes. */
  readonly memory: ArrayBuffer;
  readonly bytes: Buffer;
}

/** How many elements each column of a message has. */
export interface ColumnCounts {
  refs: number;
  timestampsMs: number;
  values: number;
}

/** Field numbers of the columns in a message; 0 where it has none. */
interface ColumnFields {
  readonly refs: number;
  readonly timestampsMs: number;
  readonly values: number;
}

export const COLUMNS_FIELDS: ColumnFields = { refs: 1, timestampsMs: 2, values: 3 };
export const TIME_SERIES_FIELDS: ColumnFields = { refs: 0, timestampsMs: 2, values: 3 };

/** `memory` has POINT_BYTES a point, or more. */
export function pointBuffer(
  count: number,
  memory = new ArrayBuffer(count * POINT_BYTES),
): PointBuffer {
  return {
    timestampsMs: new Float64Array(memory, 0, count),
    values: new Float64Array(memory, count * 8, count),
    ids: new Uint32Array(memory, count * 16, count),
    memory,
    bytes: Buffer.from(memory),
  };
}

/** Adds the elements of the message at `cursor` to `counts` and checks its structure. */
export function countColumns(cursor: WireCursor, fields: ColumnFields, counts: ColumnCounts): void {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    const field = tag >>> 3;
    if (field === fields.timestampsMs) counts.timestampsMs += readRun(cursor, tag, WIRE_I64) / 8;
    else if (field === fields.values) counts.values += readRun(cursor, tag, WIRE_I64) / 8;
    else if (field === fields.refs) counts.refs += readRun(cursor, tag, WIRE_I32) / 4;
    else skipField(cursor, tag);
  }
}

/**
 * Copies the elements of a message that countColumns has passed to the points from `at[...]` on,
 * and moves `at` behind them.
 */
export function copyColumns(
  cursor: WireCursor,
  fields: ColumnFields,
  target: PointBuffer,
  at: ColumnCounts,
): void {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    const field = tag >>> 3;
    if (field === fields.timestampsMs) {
      const length = readRun(cursor, tag, WIRE_I64);
      copyRun(cursor, length, target.bytes, target.timestampsMs.byteOffset + at.timestampsMs * 8);
      at.timestampsMs += length / 8;
    } else if (field === fields.values) {
      const length = readRun(cursor, tag, WIRE_I64);
      copyRun(cursor, length, target.bytes, target.values.byteOffset + at.values * 8);
      at.values += length / 8;
    } else if (field === fields.refs) {
      const length = readRun(cursor, tag, WIRE_I32);
      copyRun(cursor, length, target.bytes, target.ids.byteOffset + at.refs * 4);
      at.refs += length / 4;
    } else {
      skipField(cursor, tag);
    }
  }
}

/**
 * Moves over the elements that follow `tag`, packed or one alone, and returns their size in bytes.
 * A wire type that the field cannot have makes it an unknown field: no elements.
 */
function readRun(cursor: WireCursor, tag: number, elementType: number): number {
  const wireType = tag & 7;
  const elementBytes = elementType === WIRE_I32 ? 4 : 8;
  if (wireType === WIRE_LEN) {
    const length = readLength(cursor);
    if (length % elementBytes !== 0) {
      throw malformed(`packed column of ${length} bytes at byte ${cursor.offset}`);
    }
    cursor.offset += length;
    return length;
  }
  if (wireType === elementType) {
    skipBytes(cursor, elementBytes);
    return elementBytes;
  }
  skipField(cursor, tag);
  return 0;
}

/** Copies the `length` bytes that end at the cursor. */
function copyRun(cursor: WireCursor, length: number, target: Buffer, at: number): void {
  const source = cursor.bytes;
  const start = cursor.offset - length;
  if (length > LOOP_COPY_BYTES_MAX) {
    source.copy(target, at, start, cursor.offset);
    return;
  }
  for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
}
