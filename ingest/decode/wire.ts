// The protobuf wire format, read with a cursor that never leaves its bytes: every function throws
// INVALID_ARGUMENT rather than read past `end`. https://protobuf.dev/programming-guides/encoding/

import { isUtf8 } from 'node:buffer';
import { malformed } from '../errors.ts';

export const WIRE_VARINT = 0;
export const WIRE_I64 = 1;
export const WIRE_LEN = 2;
export const WIRE_GROUP_START = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_I32 = 5;

/** Unknown groups may nest; deeper ones are refused, as protobuf's own decoders do. */
const GROUP_DEPTH_MAX = 100;
const VARINT_BYTES_MAX = 10;

export interface WireCursor {
  readonly bytes: Buffer;
  offset: number;
  end: number;
}

export function wireCursor(bytes: Buffer, offset = 0, end = bytes.length): WireCursor {
  return { bytes, offset, end };
}

/** The next tag, field number * 8 + wire type, or 0 at the end of the message. */
export function readTag(cursor: WireCursor): number {
  if (cursor.offset === cursor.end) return 0;
  const first = cursor.bytes[cursor.offset]!;
  // Fields 1 to 15: one byte.
  if (first >= 0x08 && first < 0x80) {
    cursor.offset++;
    return first;
  }
  const tag = readVarint(cursor);
  if (tag < 0x08 || tag > 0xffffffff) throw malformed(`tag ${tag} at byte ${cursor.offset}`);
  return tag;
}

/** A varint as a double: exact up to 2^53, which every length and tag must be below anyway. */
export function readVarint(cursor: WireCursor): number {
  const { bytes } = cursor;
  const stop = Math.min(cursor.end, cursor.offset + VARINT_BYTES_MAX);
  let value = 0;
  let unit = 1;
  for (let offset = cursor.offset; offset < stop; offset++) {
    const byte = bytes[offset]!;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) {
      cursor.offset = offset + 1;
      return value;
    }
    unit *= 128;
  }
  throw malformed(`unfinished varint at byte ${cursor.offset}`);
}

/** A varint of type uint64; bits past the 64th are dropped, as protobuf does. */
export function readUint64(cursor: WireCursor): bigint {
  const start = cursor.offset;
  const small = readVarint(cursor);
  if (small <= Number.MAX_SAFE_INTEGER) return BigInt(small);
  let value = 0n;
  for (let offset = cursor.offset - 1; offset >= start; offset--) {
    value = (value << 7n) | BigInt(cursor.bytes[offset]! & 0x7f);
  }
  return BigInt.asUintN(64, value);
}

/** A varint of type int64 as a double; NaN where a double cannot hold it exactly. */
export function readInt64(cursor: WireCursor): number {
  const start = cursor.offset;
  const small = readVarint(cursor);
  if (small <= Number.MAX_SAFE_INTEGER) return small;
  cursor.offset = start;
  const value = BigInt.asIntN(64, readUint64(cursor));
  const rounded = Number(value);
  return BigInt(rounded) === value ? rounded : Number.NaN;
}

/** A length prefix; afterwards that many bytes are known to be there. */
export function readLength(cursor: WireCursor): number {
  const length = readVarint(cursor);
  if (length > cursor.end - cursor.offset) {
    throw malformed(`a field of ${length} bytes at byte ${cursor.offset} runs past its message`);
  }
  return length;
}

/** Text of at most `sizeMax` bytes, undefined when it is longer. proto3 requires it to be UTF-8. */
export function readText(cursor: WireCursor, sizeMax: number): string | undefined {
  const length = readLength(cursor);
  const start = skipBytes(cursor, length);
  if (!isUtf8(cursor.bytes.subarray(start, cursor.offset))) {
    throw malformed(`text at byte ${start} is not UTF-8`);
  }
  return length > sizeMax ? undefined : cursor.bytes.toString('utf8', start, cursor.offset);
}

/** Moves over `count` bytes and returns where they began. */
export function skipBytes(cursor: WireCursor, count: number): number {
  const start = cursor.offset;
  if (count > cursor.end - start) throw malformed(`message ends inside a field at byte ${start}`);
  cursor.offset = start + count;
  return start;
}

/** Moves over the value of a field nobody here knows. */
export function skipField(cursor: WireCursor, tag: number, depth = 0): void {
  switch (tag & 7) {
    case WIRE_VARINT:
      readVarint(cursor);
      return;
    case WIRE_I64:
      skipBytes(cursor, 8);
      return;
    case WIRE_LEN:
      skipBytes(cursor, readLength(cursor));
      return;
    case WIRE_I32:
      skipBytes(cursor, 4);
      return;
    case WIRE_GROUP_START:
      skipGroup(cursor, tag, depth + 1);
      return;
    default:
      throw malformed(`wire type ${tag & 7} at byte ${cursor.offset}`);
  }
}

function skipGroup(cursor: WireCursor, startTag: number, depth: number): void {
  if (depth > GROUP_DEPTH_MAX) throw malformed(`groups nest deeper than ${GROUP_DEPTH_MAX}`);
  const endTag = startTag - WIRE_GROUP_START + WIRE_GROUP_END;
  for (let tag = readTag(cursor); tag !== endTag; tag = readTag(cursor)) {
    if (tag === 0) throw malformed('a group without its end');
    skipField(cursor, tag, depth);
  }
}
