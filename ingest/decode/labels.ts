// Labels of a TimeSeries or a SeriesDefinition: found as bytes first, decoded only when those
// bytes were not met before.

import type { Label } from '../../storage/index.ts';
import type { IngestLimits } from '../limits.ts';
import type { Reason } from '../reasons.ts';
import {
  readLength,
  readTag,
  readText,
  skipField,
  WIRE_LEN,
  type WireCursor,
  wireCursor,
} from './wire.ts';

const NAME_FIELD = 1;
const VALUE_FIELD = 2;
const CANONICAL_BYTES_START = 1024;

/** The label fields of one series, tags included. */
export interface LabelBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The label fields of the message at `cursor`: a stretch of its bytes, when they lie together. */
export function findLabels(cursor: WireCursor, field: number): LabelBytes {
  const { bytes } = cursor;
  const labelTag = field * 8 + WIRE_LEN;
  const pieces: Buffer[] = [];
  let start = cursor.offset;
  let end = start;
  for (
    let at = cursor.offset, tag = readTag(cursor);
    tag !== 0;
    at = cursor.offset, tag = readTag(cursor)
  ) {
    skipField(cursor, tag);
    if (tag !== labelTag) continue;
    if (at !== end) {
      if (end > start) pieces.push(bytes.subarray(start, end));
      start = at;
    }
    end = cursor.offset;
  }
  if (pieces.length === 0) return { bytes, start, end };
  const joined = Buffer.concat([...pieces, bytes.subarray(start, end)]);
  return { bytes: joined, start: 0, end: joined.length };
}

/** Labels as storage has them (encodeLabels), in one buffer: good until the next `put`. */
export interface CanonicalBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
  /**
   * Copies labels without decoding them: what comes out are the canonical bytes of the labels, or
   * of none at all, when they are not in order or not valid. False when they are written in an
   * unusual way.
   */
  put(labels: LabelBytes): boolean;
}

export function createCanonicalBytes(): CanonicalBytes {
  let bytes = new Uint8Array(CANONICAL_BYTES_START);

  /** A text with its length is written the same way on both sides. */
  function putText(cursor: WireCursor, start: number): number {
    const from = cursor.offset;
    const size = readLength(cursor);
    const to = cursor.offset + size;
    let length = start;
    for (let at = from; at < to; at++) bytes[length++] = cursor.bytes[at]!;
    cursor.offset = to;
    return length;
  }

  const canonical = {
    bytes,
    length: 0,
    put({ bytes: source, start, end }: LabelBytes) {
      if (end - start > bytes.length) bytes = new Uint8Array(2 * (end - start));
      canonical.bytes = bytes;
      let length = 0;
      const cursor = wireCursor(source, start, end);
      while (readTag(cursor) !== 0) {
        const size = readLength(cursor);
        const labelEnd = cursor.offset + size;
        if (readTag(cursor) !== NAME_FIELD * 8 + WIRE_LEN) return false;
        length = putText(cursor, length);
        if (readTag(cursor) !== VALUE_FIELD * 8 + WIRE_LEN) return false;
        length = putText(cursor, length);
        if (cursor.offset !== labelEnd) return false;
      }
      canonical.length = length;
      return true;
    },
  };
  return canonical;
}

/**
 * The labels that have a value, as sent, or the limit they break, known before a string is made of
 * them. Text that is not UTF-8 makes the request malformed, as proto3 requires.
 */
export function decodeLabels(source: LabelBytes, limits: IngestLimits): Label[] | Reason {
  const cursor = wireCursor(source.bytes, source.start, source.end);
  const labels: Label[] = [];
  let broken: Reason | undefined;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    const length = readLength(cursor);
    const label = decodeLabel(
      wireCursor(source.bytes, cursor.offset, cursor.offset + length),
      limits,
    );
    cursor.offset += length;
    // A label without a value is one that is not there.
    if (typeof label !== 'string' && label.value === '') continue;
    if (labels.length === limits.labelsPerSeries) broken ??= 'too_many_labels';
    else if (typeof label === 'string') broken ??= label;
    else labels.push(label);
  }
  return broken ?? labels;
}

function decodeLabel(cursor: WireCursor, limits: IngestLimits): Label | Reason {
  let name: string | undefined = '';
  let value: string | undefined = '';
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === NAME_FIELD * 8 + WIRE_LEN) name = readText(cursor, limits.labelValueBytes);
    else if (tag === VALUE_FIELD * 8 + WIRE_LEN) value = readText(cursor, limits.labelValueBytes);
    else skipField(cursor, tag);
  }
  if (name === undefined) return 'label_name_too_long';
  return value === undefined ? 'label_value_too_long' : { name, value };
}
