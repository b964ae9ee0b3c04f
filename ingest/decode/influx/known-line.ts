// A line of series that are expected, in one pass: keys are compared where they lie, numbers read,
// and neither the end of the line nor that of its head is looked for first. Whatever is out of the
// ordinary is left to line.ts.

import type { SeriesBatch } from '../../series-batch.ts';
import { NEWLINE } from '../lines.ts';
import { BACKSLASH, COMMA, EQUALS, QUOTE, RETURN, SPACE } from './characters.ts';
import { readValue } from './line.ts';
import { type NumberPlace, type Precision, parseTimestampMs, readDecimal } from './numbers.ts';

/** A timestamp in ns, with a sign. */
const TIMESTAMP_BYTES_MAX = 20;

/** A line that was read; used again for the next one. */
export interface KnownLine {
  fields: number;
  readonly slots: number[];
  readonly values: number[];
  hasTimestamp: boolean;
  /** Of the last line that had one. */
  timestampMs: number;
  /** The bytes that it was read from: lines that are sent together most often have the same. */
  readonly timestamp: Uint8Array;
  timestampBytes: number;
  /** Behind its newline. */
  end: number;
  readonly number: NumberPlace;
}

export function createKnownLine(): KnownLine {
  return {
    fields: 0,
    slots: [],
    values: [],
    hasTimestamp: false,
    timestampMs: Number.NaN,
    timestamp: new Uint8Array(TIMESTAMP_BYTES_MAX),
    timestampBytes: 0,
    end: 0,
    number: { value: Number.NaN },
  };
}

/** False, with nothing added to the batch, when the line has to be read the long way. */
export function readKnownLine(
  block: Buffer,
  start: number,
  batch: SeriesBatch,
  precision: Precision,
  line: KnownLine,
): boolean {
  line.fields = 0;
  let prefix = 0;
  let at = start;
  let keySize = batch.expected(block, start, block.length);
  while (keySize > 0) {
    at += keySize;
    if (block[at] !== EQUALS) return false;
    const valueEnd = readFieldValue(block, at + 1, line);
    if (valueEnd < 0) return false;
    line.values[line.fields] = line.number.value;
    line.slots[line.fields++] = batch.takeExpected();
    if (block[valueEnd] !== COMMA) return readTimestamp(block, valueEnd, precision, line);
    if (prefix === 0) prefix = headSize(block, start, at);
    at = valueEnd + 1;
    keySize = batch.expectedRest(prefix, block, at, block.length);
  }
  return false;
}

/** Of the first key, `[start, end)`, which has a head, a space, and a name without a bare space. */
function headSize(block: Buffer, start: number, end: number): number {
  let at = end - 1;
  while (block[at] !== SPACE || block[at - 1] === BACKSLASH) at--;
  return at + 1 - start;
}

/** Reads a value that is no string, and returns where it ends; -1 for whatever else there is. */
function readFieldValue(block: Buffer, start: number, { number }: KnownLine): number {
  const decimalEnd = readDecimal(block, start, block.length, number);
  const isWhole = decimalEnd > start && isEnd(block[decimalEnd]);
  if (isWhole) return Number.isFinite(number.value) ? decimalEnd : -1;
  const end = findEnd(block, start);
  const value = block[start] === QUOTE ? undefined : readValue(block, start, end);
  if (value === undefined) return -1;
  number.value = value;
  return end;
}

/** Whether a value or a timestamp ends there. */
function isEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === SPACE || byte === NEWLINE || byte === RETURN;
}

function findEnd(block: Buffer, start: number): number {
  let at = start;
  while (at < block.length && !isEnd(block[at])) at++;
  return at;
}

/** Reads what is behind the fields. */
function readTimestamp(
  block: Buffer,
  start: number,
  precision: Precision,
  line: KnownLine,
): boolean {
  let at = start;
  while (block[at] === SPACE) at++;
  let end = endOfSame(block, at, line);
  if (end < 0) {
    end = findEnd(block, at);
    if (end > at && !takeTimestamp(block, at, end, precision, line)) return false;
  }
  line.hasTimestamp = end > at;
  at = end;
  while (block[at] === SPACE || block[at] === RETURN) at++;
  line.end = at + 1;
  return at >= block.length || block[at] === NEWLINE;
}

/** Where the timestamp at `start` ends when it is that of a line before, or -1. */
function endOfSame(block: Buffer, start: number, { timestamp, timestampBytes }: KnownLine): number {
  const end = start + timestampBytes;
  if (timestampBytes === 0 || !isEnd(block[end])) return -1;
  for (let i = 0; i < timestampBytes; i++) if (block[start + i] !== timestamp[i]) return -1;
  return end;
}

function takeTimestamp(
  block: Buffer,
  start: number,
  end: number,
  precision: Precision,
  line: KnownLine,
): boolean {
  const timestampMs = parseTimestampMs(block, start, end, precision);
  if (timestampMs === undefined) return false;
  line.timestampMs = timestampMs;
  const isKept = end - start <= TIMESTAMP_BYTES_MAX;
  line.timestampBytes = isKept ? block.copy(line.timestamp, 0, start, end) : 0;
  return true;
}
