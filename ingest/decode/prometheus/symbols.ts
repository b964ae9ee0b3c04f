// The symbol table of a remote-write 2.0 request, and label sets given as references into it.

import { IngestError, malformed } from '../../errors.ts';
import type { IngestLimits } from '../../limits.ts';
import type { LabelBytes } from '../labels.ts';
import {
  readLength,
  readTag,
  readVarint,
  skipBytes,
  skipField,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
  wireCursor,
} from '../wire.ts';

const SYMBOLS_TAG = 4 * 8 + WIRE_LEN;
const REFS_FIELD = 1;
const METRIC_NAME = Buffer.from('__name__');

/** Labels as bytes have this tag ahead of each, then a name and a value with theirs. */
const LABEL_TAG = 1 * 8 + WIRE_LEN;
const NAME_TAG = 1 * 8 + WIRE_LEN;
const VALUE_TAG = 2 * 8 + WIRE_LEN;
/** Three tags and three lengths. */
const LABEL_OVERHEAD_BYTES = 3 + 3 * 5;

/** All label sets of a request together may unfold to this many times the size of a message. */
const UNFOLDED_MAX = 4;

export interface Symbols {
  /**
   * The labels that the references in the series at `cursor` stand for, in the bytes that 1.0 has
   * for them, and the reference of its metric name, or 0. Good until the next call.
   */
  labels(series: WireCursor): { readonly labels: LabelBytes; readonly nameRef: number };
  text(ref: number): string;
}

export function readSymbols(body: Buffer, limits: IngestLimits): Symbols {
  const { starts, ends, metricNameRef } = findSymbols(body, limits);
  const refs: number[] = [];
  let scratch = Buffer.allocUnsafe(4096);
  let unfoldedBytes = 0;

  function check(ref: number): void {
    if (ref < starts.length) return;
    throw malformed(`a reference to symbol ${ref} of ${starts.length}`);
  }

  function sizeOf(ref: number): number {
    check(ref);
    return ends[ref]! - starts[ref]!;
  }

  function copySymbol(ref: number, at: number): number {
    const size = sizeOf(ref);
    at = writeLength(scratch, at, size);
    const start = starts[ref]!;
    for (let i = 0; i < size; i++) scratch[at + i] = body[start + i]!;
    return at + size;
  }

  return {
    labels(series) {
      readRefs(series, refs);
      let bytesMax = 0;
      for (const ref of refs) bytesMax += sizeOf(ref) + LABEL_OVERHEAD_BYTES;
      unfoldedBytes += bytesMax;
      if (unfoldedBytes > limits.messageBytes * UNFOLDED_MAX) throw unfoldsTooFar(limits);
      if (bytesMax > scratch.length) scratch = Buffer.allocUnsafe(bytesMax * 2);
      let at = 0;
      let nameRef = 0;
      for (let i = 0; i < refs.length; i += 2) {
        const [name, value] = [refs[i]!, refs[i + 1]!];
        if (name === metricNameRef) nameRef = value;
        const [nameSize, valueSize] = [sizeOf(name), sizeOf(value)];
        const size = 2 + lengthSize(nameSize) + nameSize + lengthSize(valueSize) + valueSize;
        scratch[at++] = LABEL_TAG;
        at = writeLength(scratch, at, size);
        scratch[at++] = NAME_TAG;
        at = copySymbol(name, at);
        scratch[at++] = VALUE_TAG;
        at = copySymbol(value, at);
      }
      return { labels: { bytes: scratch, start: 0, end: at }, nameRef };
    },

    text(ref) {
      check(ref);
      return body.toString('utf8', starts[ref]!, ends[ref]!);
    },
  };
}

/** Where each symbol lies in the body, and which is the label name of metric names: -1 for none. */
function findSymbols(body: Buffer, limits: IngestLimits) {
  const starts: number[] = [];
  const ends: number[] = [];
  let metricNameRef = -1;
  const cursor = wireCursor(body);
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag !== SYMBOLS_TAG) {
      skipField(cursor, tag);
      continue;
    }
    const length = readLength(cursor);
    const start = skipBytes(cursor, length);
    if (starts.length === limits.entries) {
      throw new IngestError('TOO_LARGE', `more than ${limits.entries} symbols in one request`);
    }
    if (body.compare(METRIC_NAME, 0, undefined, start, cursor.offset) === 0) {
      metricNameRef = starts.length;
    }
    starts.push(start);
    ends.push(cursor.offset);
  }
  return { starts, ends, metricNameRef };
}

/** The references of a series, packed or one by one, into `refs`; the cursor stays. */
function readRefs(series: WireCursor, refs: number[]): void {
  const { offset, end } = series;
  refs.length = 0;
  for (let tag = readTag(series); tag !== 0; tag = readTag(series)) {
    if (tag === REFS_FIELD * 8 + WIRE_VARINT) {
      refs.push(readVarint(series));
    } else if (tag === REFS_FIELD * 8 + WIRE_LEN) {
      const length = readLength(series);
      series.end = series.offset + length;
      while (series.offset < series.end) refs.push(readVarint(series));
      series.end = end;
    } else {
      skipField(series, tag);
    }
  }
  series.offset = offset;
  if (refs.length % 2 !== 0) throw malformed(`${refs.length} label references are no pairs`);
}

function writeLength(target: Buffer, at: number, length: number): number {
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}

function lengthSize(length: number): number {
  let size = 1;
  for (let rest = length; rest >= 0x80; rest >>>= 7) size++;
  return size;
}

function unfoldsTooFar(limits: IngestLimits): IngestError {
  const most = UNFOLDED_MAX * limits.messageBytes;
  const message = `the labels of the request unfold to more than ${most} bytes`;
  return new IngestError('TOO_LARGE', `${message}, ${UNFOLDED_MAX} times ingest.limits.message`);
}
