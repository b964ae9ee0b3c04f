// Pieces of OTLP's messages as they lie in a request.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { malformed } from '../../errors.ts';
import { readLength, readTag, skipBytes, skipField, WIRE_LEN, type WireCursor } from '../wire.ts';

/** Some of a request's bytes: the content of a field, without its tag. */
export interface ByteRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export const NO_BYTES: ByteRange = { bytes: Buffer.alloc(0), start: 0, end: 0 };

const LOW_WORD_UNIT = 2 ** 32;
const NANOS_PER_MS = 1_000_000;

/** Longer byte ranges are named by a digest. */
const KEY_BYTES_MAX = 1024;

/** The content of the field whose tag was just read. */
export function readRange(cursor: WireCursor): ByteRange {
  const start = skipBytes(cursor, readLength(cursor));
  return { bytes: cursor.bytes, start, end: cursor.offset };
}

/** `range` with `more` behind it: a message that comes in pieces is one, as protobuf has it. */
export function joined(range: ByteRange, more: ByteRange): ByteRange {
  if (range.start === range.end) return more;
  const bytes = Buffer.concat([
    range.bytes.subarray(range.start, range.end),
    more.bytes.subarray(more.start, more.end),
  ]);
  return { bytes, start: 0, end: bytes.length };
}

/** The submessage `field` of the message at `cursor`, which is read to its end. */
export function findMessage(cursor: WireCursor, field: number): ByteRange {
  let range = NO_BYTES;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === field * 8 + WIRE_LEN) range = joined(range, readRange(cursor));
    else skipField(cursor, tag);
  }
  return range;
}

/** Text that is not UTF-8 makes the request malformed, as proto3 requires. */
export function readUtf8({ bytes, start, end }: ByteRange): string {
  if (!isUtf8(bytes.subarray(start, end))) throw malformed(`text at byte ${start} is not UTF-8`);
  return bytes.toString('utf8', start, end);
}

/** What stands for these bytes in a cache; short, however long they are. */
export function rangeKey(range: ByteRange): string {
  const { bytes, start, end } = range;
  if (end - start > KEY_BYTES_MAX) return `d${rangeDigest(range)}`;
  return `r${bytes.toString('latin1', start, end)}`;
}

/** Of one length, and never the same for two ranges that differ. */
export function rangeDigest({ bytes, start, end }: ByteRange): string {
  return createHash('sha256').update(bytes.subarray(start, end)).digest('base64');
}

/** A fixed64 of ns as whole ms, rounded down. In halves: a double has no room for ns of today. */
export function nanosToMs(low: number, high: number): number {
  const unitMs = Math.floor(LOW_WORD_UNIT / NANOS_PER_MS);
  const restNanos = high * (LOW_WORD_UNIT % NANOS_PER_MS) + low;
  return high * unitMs + Math.floor(restNanos / NANOS_PER_MS);
}

/** A fixed64 as a double, which rounds it beyond 2^53. */
export function fromWords(low: number, high: number): number {
  return high * LOW_WORD_UNIT + low;
}
