// One line of InfluxDB line protocol, taken apart without making anything of it:
//
//   measurement,tag=value,tag=value field=value,field=value timestamp
//
// A backslash makes an ordinary character of the comma, space or equals sign after it, and of a
// quote in a string. A newline ends a line, in a string too.
// https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/

import { BACKSLASH, COMMA, EQUALS, HASH, QUOTE, RETURN, SPACE } from './characters.ts';
import {
  type Precision,
  parseBooleanField,
  parseFloatField,
  parseIntegerField,
  parseTimestampMs,
} from './numbers.ts';

const SMALL_I = 0x69;
const SMALL_U = 0x75;
const NINE = 0x39;

/** Where a line has what names a series: its measurement and tags, and the key of one field. */
export interface FieldPlace {
  readonly headStart: number;
  readonly headEnd: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/** A line that was read; used again for the next one. */
export interface Line {
  headStart: number;
  headEnd: number;
  /** Fields with a number. */
  fields: number;
  readonly keyStarts: number[];
  readonly keyEnds: number[];
  readonly values: number[];
  /** Fields with a string. */
  strings: number;
  /** Undefined when the line has none. */
  timestampMs: number | undefined;
}

export function createLine(): Line {
  return {
    headStart: 0,
    headEnd: 0,
    fields: 0,
    keyStarts: [],
    keyEnds: [],
    values: [],
    strings: 0,
    timestampMs: undefined,
  };
}

/**
 * Reads the line `[start, end)` of `bytes` into `line`. Returns what is wrong with it, undefined
 * when nothing is; then a line without fields was empty or a comment.
 */
export function readLine(
  bytes: Buffer,
  start: number,
  end: number,
  precision: Precision,
  line: Line,
): string | undefined {
  line.fields = 0;
  line.strings = 0;
  line.timestampMs = undefined;
  const stop = skipEnd(bytes, start, end);
  const first = skipSpaces(bytes, start, stop);
  if (first === stop || bytes[first] === HASH) return undefined;

  line.headStart = first;
  const headEnd = readHead(bytes, first, stop);
  if (headEnd < 0) return 'a tag without a name or a value';
  if (headEnd === first || bytes[first] === COMMA) return 'no measurement';
  line.headEnd = headEnd;
  let at = skipSpaces(bytes, headEnd, stop);
  if (at === stop) return 'no fields';
  for (;;) {
    const keyEnd = findKeyEnd(bytes, at, stop);
    if (keyEnd < 0) return 'a field without a value';
    if (keyEnd === at) return 'a field without a name';
    const valueStart = keyEnd + 1;
    const valueEnd = findValueEnd(bytes, valueStart, stop);
    if (valueEnd < 0) return 'a string without its closing quote';
    if (bytes[valueStart] === QUOTE) {
      line.strings++;
    } else {
      const value = readValue(bytes, valueStart, valueEnd);
      if (value === undefined) return 'a field value that is no number, boolean or string';
      line.keyStarts[line.fields] = at;
      line.keyEnds[line.fields] = keyEnd;
      line.values[line.fields++] = value;
    }
    at = valueEnd + 1;
    if (valueEnd === stop || bytes[valueEnd] === SPACE) break;
  }
  return readTimestamp(bytes, at, stop, precision, line);
}

/** The rest of a line behind its fields; as `readLine` it returns what is wrong with it. */
function readTimestamp(
  bytes: Buffer,
  start: number,
  end: number,
  precision: Precision,
  line: Line,
): string | undefined {
  line.timestampMs = undefined;
  const at = skipSpaces(bytes, start, end);
  if (at >= end) return undefined;
  line.timestampMs = parseTimestampMs(bytes, at, end, precision);
  return line.timestampMs === undefined ? 'a timestamp that is no integer' : undefined;
}

/** Where a line ends without the spaces and the carriage return behind it. */
function skipEnd(bytes: Buffer, start: number, end: number): number {
  let stop = end;
  while (stop > start && (bytes[stop - 1] === RETURN || bytes[stop - 1] === SPACE)) stop--;
  return stop;
}

function skipSpaces(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === SPACE) at++;
  return at;
}

/** Where measurement and tags end, or -1 when a tag lacks its name or its equals sign. */
function readHead(bytes: Buffer, start: number, end: number): number {
  /** Where the tag began, 0 before the first; its equals sign, 0 before that. */
  let tag = 0;
  let equals = 0;
  let at = start;
  let before = 0;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (before !== BACKSLASH) {
      if (byte === SPACE) break;
      if (byte === COMMA) {
        if (tag > 0 && equals === 0) return -1;
        tag = at + 1;
        equals = 0;
      } else if (byte === EQUALS && tag > 0 && equals === 0) {
        if (at === tag) return -1;
        equals = at;
      }
    }
    before = byte;
  }
  return tag > 0 && equals === 0 ? -1 : at;
}

/** The equals sign that ends a field's key, or -1 when there is none. */
function findKeyEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte !== EQUALS && byte !== COMMA && byte !== SPACE) continue;
    if (at > start && bytes[at - 1] === BACKSLASH) continue;
    return byte === EQUALS ? at : -1;
  }
  return -1;
}

/** Behind a value: a comma, a space or the end; -1 for a string that goes on. */
function findValueEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  if (bytes[start] === QUOTE && start < end) {
    for (at++; at < end && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    if (at >= end) return -1;
    at++;
  }
  while (at < end && bytes[at] !== COMMA && bytes[at] !== SPACE) at++;
  return at;
}

/** A field that is no string; undefined when it is nothing that a field may be. */
export function readValue(bytes: Buffer, start: number, end: number): number | undefined {
  if (start === end) return undefined;
  const last = bytes[end - 1]!;
  if (last === SMALL_I) return parseIntegerField(bytes, start, end - 1, false);
  if (last === SMALL_U) return parseIntegerField(bytes, start, end - 1, true);
  // No number begins with a letter, every boolean does.
  return bytes[start]! > NINE
    ? parseBooleanField(bytes, start, end)
    : parseFloatField(bytes, start, end);
}
