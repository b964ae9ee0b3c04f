// The text of a block, read: which of its events can hold a text is known before any body is put
// together again.

import type { ByteColumn } from '../coding/byte-column.ts';
import { ByteReader } from '../coding/byte-reader.ts';
import type { CorruptionError } from '../errors.ts';
import { BLOCK_BYTES_MAX, BLOCK_POINTS_MAX } from '../limits.ts';
import { openFrames, spansOf } from '../sstable/frames.ts';
import { createFieldReader, type FieldReader } from './field-reader.ts';
import {
  FIELDS_MAX,
  fieldStream,
  isDigit,
  SPACE,
  TEXT_STREAM,
  TEXT_STREAM_COUNT,
} from './text-format.ts';

export interface TextBlock {
  readonly count: number;
  /** Memory taken, about. */
  readonly sizeBytes: number;
  /** False when no body has `needle` in it for sure. */
  mayContain(needle: Uint8Array): boolean;
  /** Put together at the first call. Throws CorruptionError. */
  bodies(): ByteColumn;
  /** By event, canonical bytes of its attributes. Throws CorruptionError. */
  attributes(): ByteColumn;
}

/** Checks and decompresses a text that lies at `offset` of `path`. */
export function openText(bytes: Uint8Array, path: string, offset: number): TextBlock {
  const opened = openFrames(bytes, TEXT_STREAM_COUNT, path, offset);
  const content = opened.bytes;
  const spans = spansOf(opened.frameLengths);
  const stream = (index: number): Uint8Array => {
    const span = spans[index]!;
    return content.subarray(span.offset, span.offset + span.length);
  };
  const readerOf = (index: number) => new ByteReader(stream(index), path, offset);
  const head = readerOf(TEXT_STREAM.head);
  const count = head.varint();
  const bodyBytes = head.varint();
  const fieldCounts = stream(TEXT_STREAM.fieldCounts);
  if (count > BLOCK_POINTS_MAX || fieldCounts.length !== count || bodyBytes > BLOCK_BYTES_MAX) {
    throw head.corrupt('a text has too many events, or too few');
  }
  let bodies: ByteColumn | undefined;
  let attributes: ByteColumn | undefined;

  function columnOf(lengths: number, text: number): ByteColumn {
    const reader = readerOf(lengths);
    const ends = new Uint32Array(count);
    const textBytes = stream(text);
    if (reader.remaining > 0) {
      for (let i = 0, end = 0; i < count; i++) ends[i] = end += reader.varint();
    }
    if ((ends.at(-1) ?? 0) !== textBytes.length) throw reader.corrupt('lengths do not add up');
    return { ends, bytes: textBytes };
  }

  function fieldsOf(): FieldReader[] {
    return Array.from({ length: FIELDS_MAX }, (_, field) => {
      const first = fieldStream(field);
      return createFieldReader(stream(first), stream(first + 1), stream(first + 2));
    });
  }

  return {
    count,
    sizeBytes: content.length + 2 * bodyBytes,
    mayContain: (needle) => {
      return piecesOf(needle).every((piece) => {
        if (includes(stream(TEXT_STREAM.plain), piece)) return true;
        for (let index = fieldStream(0); index < TEXT_STREAM_COUNT; index++) {
          if (includes(stream(index), piece)) return true;
        }
        return false;
      });
    },
    bodies() {
      bodies ??= joinBodies(
        { fieldCounts, bodyBytes, fields: fieldsOf(), plain: stream(TEXT_STREAM.plain) },
        readerOf(TEXT_STREAM.plainLengths),
        (what) => head.corrupt(what),
      );
      return bodies;
    },
    attributes() {
      attributes ??= columnOf(TEXT_STREAM.attributeLengths, TEXT_STREAM.attributes);
      return attributes;
    },
  };
}

interface BodyParts {
  readonly fieldCounts: Uint8Array;
  readonly bodyBytes: number;
  readonly fields: readonly FieldReader[];
  readonly plain: Uint8Array;
}

function joinBodies(
  { fieldCounts, bodyBytes, fields, plain }: BodyParts,
  plainLengths: ByteReader,
  corrupt: (what: string) => CorruptionError,
): ByteColumn {
  const ends = new Uint32Array(fieldCounts.length);
  const bytes = new Uint8Array(bodyBytes);
  let at = 0;
  let plainAt = 0;
  for (let i = 0; i < fieldCounts.length; i++) {
    const count = fieldCounts[i]!;
    if (count > FIELDS_MAX) throw corrupt('a body has too many fields');
    if (count === 0) {
      const length = plainLengths.varint();
      if (length > plain.length - plainAt || length > bodyBytes - at) throw corrupt('a long body');
      bytes.set(plain.subarray(plainAt, plainAt + length), at);
      plainAt += length;
      at += length;
    }
    for (let field = 0; field < count; field++) {
      if (field > 0) bytes[at++] = SPACE;
      at = fields[field]!.next(bytes, at);
      if (at < 0) throw corrupt('the fields of a body do not fit it');
    }
    ends[i] = at;
  }
  if (at !== bodyBytes) throw corrupt('bodies do not add up');
  return { ends, bytes };
}

/**
 * Stretches of a text that lie in one stream wherever the text occurs: neither of them reaches over
 * a space, where fields may be cut, nor has digits beside other bytes.
 */
function piecesOf(needle: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < needle.length; ) {
    const digits = isDigit(needle[from]!);
    let to = from;
    while (to < needle.length && needle[to] !== SPACE && isDigit(needle[to]!) === digits) to++;
    if (to > from) pieces.push(needle.subarray(from, to));
    from = Math.max(to, from + 1);
  }
  return pieces;
}

function includes(bytes: Uint8Array, piece: Uint8Array): boolean {
  if (bytes.length < piece.length) return false;
  return bufferOf(bytes).includes(bufferOf(piece));
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
