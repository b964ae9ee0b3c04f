// EventStream and Event of varve.v1, read by hand: labels of streams are found as bytes, bodies are
// never made into strings.

import { isUtf8 } from 'node:buffer';
import { malformed } from '../errors.ts';
import { within } from './entries.ts';
import { findLabels, type LabelBytes } from './labels.ts';
import {
  readLength,
  readTag,
  skipBytes,
  skipField,
  WIRE_I64,
  WIRE_LEN,
  type WireCursor,
  wireCursor,
} from './wire.ts';

const STREAM_LABELS_FIELD = 1;
const STREAM_EVENTS_TAG = 2 * 8 + WIRE_LEN;
const EVENT_TIMESTAMP_TAG = 1 * 8 + WIRE_I64;
const EVENT_BODY_TAG = 2 * 8 + WIRE_LEN;
const EVENT_ATTRIBUTES_FIELD = 3;
const EVENT_ATTRIBUTES_TAG = EVENT_ATTRIBUTES_FIELD * 8 + WIRE_LEN;
const LABEL_NAME_TAG = 1 * 8 + WIRE_LEN;
const LABEL_VALUE_TAG = 2 * 8 + WIRE_LEN;

const NS_PER_MS = 1_000_000n;

/** Where the messages of one stream lie in its request. */
export interface StreamBytes {
  readonly labels: LabelBytes;
  /** It has no events. */
  readonly isEmpty: boolean;
  readonly start: number;
  readonly end: number;
}

/** How many events a stream has; checks the structure of all of them. */
export function countEvents(stream: WireCursor): number {
  let events = 0;
  for (let tag = readTag(stream); tag !== 0; tag = readTag(stream)) {
    if (tag === STREAM_EVENTS_TAG) {
      within(stream, checkEvent);
      events++;
    } else skipField(stream, tag);
  }
  return events;
}

function checkEvent(event: WireCursor): void {
  for (let tag = readTag(event); tag !== 0; tag = readTag(event)) {
    if (tag === EVENT_ATTRIBUTES_TAG) within(event, checkAttribute);
    else skipField(event, tag);
  }
}

function checkAttribute(label: WireCursor): void {
  for (let tag = readTag(label); tag !== 0; tag = readTag(label)) {
    if (tag !== LABEL_NAME_TAG && tag !== LABEL_VALUE_TAG) {
      skipField(label, tag);
      continue;
    }
    const start = skipBytes(label, readLength(label));
    if (!isUtf8(label.bytes.subarray(start, label.offset))) {
      throw malformed(`attribute text at byte ${start} is not UTF-8`);
    }
  }
}

/** The stream at `cursor`, which ends with it. */
export function findStream(cursor: WireCursor): StreamBytes {
  const { bytes, offset: start, end } = cursor;
  const isEmpty = !hasField(wireCursor(bytes, start, end), STREAM_EVENTS_TAG);
  return { labels: findLabels(cursor, STREAM_LABELS_FIELD), isEmpty, start, end };
}

function hasField(message: WireCursor, wanted: number): boolean {
  for (let tag = readTag(message); tag !== 0; tag = readTag(message)) {
    if (tag === wanted) return true;
    skipField(message, tag);
  }
  return false;
}

/** One event, as it was sent. */
export interface EventFields {
  /** Integer ms since the epoch before its time, and the ns from there, 0 .. 999,999. */
  readonly timestampMs: number;
  readonly nanos: number;
  readonly body: Buffer;
  readonly attributes: LabelBytes;
}

/** Visits the events of a stream whose structure was checked. */
export function readEvents(
  bytes: Buffer,
  { start, end }: StreamBytes,
  visit: (event: EventFields) => void,
): void {
  const cursor = wireCursor(bytes, start, end);
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === STREAM_EVENTS_TAG) visit(within(cursor, readEvent));
    else skipField(cursor, tag);
  }
}

function readEvent(event: WireCursor): EventFields {
  const { bytes, offset } = event;
  let timestampNs = 0n;
  let body = bytes.subarray(0, 0);
  let hasAttributes = false;
  for (let tag = readTag(event); tag !== 0; tag = readTag(event)) {
    if (tag === EVENT_TIMESTAMP_TAG) timestampNs = bytes.readBigInt64LE(skipBytes(event, 8));
    else if (tag === EVENT_BODY_TAG) {
      const start = skipBytes(event, readLength(event));
      body = bytes.subarray(start, event.offset);
    } else {
      hasAttributes ||= tag === EVENT_ATTRIBUTES_TAG;
      skipField(event, tag);
    }
  }
  const attributes = hasAttributes
    ? findLabels(wireCursor(bytes, offset, event.end), EVENT_ATTRIBUTES_FIELD)
    : { bytes, start: 0, end: 0 };
  return { ...splitNanos(timestampNs), body, attributes };
}

/** A time in ns as whole ms and what is left. */
export function splitNanos(timestampNs: bigint): Pick<EventFields, 'timestampMs' | 'nanos'> {
  const rest = timestampNs % NS_PER_MS;
  const nanos = rest < 0n ? rest + NS_PER_MS : rest;
  return { timestampMs: Number((timestampNs - nanos) / NS_PER_MS), nanos: Number(nanos) };
}
