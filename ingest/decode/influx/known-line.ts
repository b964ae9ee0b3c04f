// A line of series that are expected, in one pass: keys are compared where they lie, numbers read,
// and neither the end of the line nor that of its head is looked for first. Whatever is out of the
// ordinary is left to line.ts.

import type { SeriesBatch } from '../../series-batch.ts';
import { NEWLINE } from '../lines.ts';
import { BACKSLASH, COMMA, EQUALS, QUOTE, RETURN, SPACE } from './characters.ts';
import { readValue } from './line.ts';
import { type Precision, parseTimestampMs } from './numbers.ts';

/** A line that was read; used again for the next one. */
export interface KnownLine {
  fields: number;
  readonly slots: number[];
  readonly values: number[];
  /** Undefined when the line has none. */
  timestampMs: number | undefined;
  /** Behind its newline. */
  end: number;
}

export function createKnownLine(): KnownLine {
  return { fields: 0, slots: [], values: [], timestampMs: undefined, end: 0 };
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
    const valueStart = at + 1;
    const valueEnd = findEnd(block, valueStart);
    const value = block[valueStart] === QUOTE ? undefined : readValue(block, valueStart, valueEnd);
    if (value === undefined) return false;
    line.values[line.fields] = value;
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

/** Where a value or a timestamp ends. */
function findEnd(block: Buffer, start: number): number {
  let at = start;
  for (; at < block.length; at++) {
    const byte = block[at]!;
    if (byte === COMMA || byte === SPACE || byte === NEWLINE || byte === RETURN) break;
  }
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
  const end = findEnd(block, at);
  line.timestampMs = end > at ? parseTimestampMs(block, at, end, precision) : undefined;
  if (end > at && line.timestampMs === undefined) return false;
  at = end;
  while (block[at] === SPACE || block[at] === RETURN) at++;
  line.end = at + 1;
  return at >= block.length || block[at] === NEWLINE;
}
