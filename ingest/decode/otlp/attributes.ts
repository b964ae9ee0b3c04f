// Attributes of OpenTelemetry as label texts. Read with the generated decoder: a sender repeats
// itself, and what it repeats is known by its bytes (labelsKey) and not read again.

import { fromBinary } from '@bufbuild/protobuf';
import { type AnyValue, type KeyValue, KeyValueSchema } from '../../../proto/index.ts';
import { malformed } from '../../errors.ts';
import type { LabelBytes } from '../labels.ts';
import { readLength, readTag, skipBytes, wireCursor } from '../wire.ts';

/** Key -> value as text. Of a key that comes twice, which must not be, the last value counts. */
export type Attributes = ReadonlyMap<string, string>;

export const NO_ATTRIBUTES: Attributes = new Map();

/** The attributes that `findLabels` or a point's reader has found. */
export function decodeAttributes({ bytes, start, end }: LabelBytes): Attributes {
  if (start === end) return NO_ATTRIBUTES;
  const keyValues: KeyValue[] = [];
  const cursor = wireCursor(bytes, start, end);
  while (readTag(cursor) !== 0) {
    const from = skipBytes(cursor, readLength(cursor));
    keyValues.push(
      generated(() => fromBinary(KeyValueSchema, bytes.subarray(from, cursor.offset))),
    );
  }
  return toAttributes(keyValues);
}

export function toAttributes(keyValues: readonly KeyValue[]): Attributes {
  return new Map(keyValues.map(({ key, value }) => [key, valueText(value)]));
}

/** What the generated decoder throws, text that is not UTF-8 for one, is the sender's mistake. */
export function generated<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

/** A value of any kind as Prometheus writes it: lists and maps as JSON, bytes as base64. */
export function valueText(any: AnyValue | undefined): string {
  const value = any?.value;
  switch (value?.case) {
    case undefined:
      return '';
    case 'stringValue':
      return value.value;
    case 'bytesValue':
      return base64(value.value);
    case 'doubleValue':
      return doubleText(value.value);
    case 'boolValue':
    case 'intValue':
      return String(value.value);
    case 'arrayValue':
    case 'kvlistValue':
      return jsonText(any);
  }
}

/** JSON has no integers of 64 bits, so it is put together here rather than by JSON.stringify. */
function jsonText(any: AnyValue | undefined): string {
  const value = any?.value;
  switch (value?.case) {
    case undefined:
      return 'null';
    case 'stringValue':
      return quoted(value.value);
    case 'bytesValue':
      return quoted(base64(value.value));
    case 'doubleValue':
      return Number.isFinite(value.value) ? String(value.value) : quoted(doubleText(value.value));
    case 'boolValue':
    case 'intValue':
      return String(value.value);
    case 'arrayValue':
      return `[${value.value.values.map(jsonText).join(',')}]`;
    case 'kvlistValue': {
      const members = new Map(value.value.values.map((entry) => [entry.key, entry.value]));
      const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
      return `{${sorted.map(([key, inner]) => `${quoted(key)}:${jsonText(inner)}`).join(',')}}`;
    }
  }
}

/** Escaped as Go's encoder does: also what has a meaning in HTML, and the two line separators. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
