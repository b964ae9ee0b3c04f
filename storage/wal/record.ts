// A record of the WAL as bytes and back: new series, events, or points as columns. Points go at the
// speed of memcpy: one pass looks for what the columns have in common, the rest is block copies
// (test/bench/wal.bench.ts has the figures).

import { assert } from '../assert.ts';
import { ByteReader } from '../coding/byte-reader.ts';
import { ByteWriter } from '../coding/byte-writer.ts';
import { asBytes, copyFloat64s, copyUint32s } from '../coding/columns.ts';
import { CorruptionError } from '../errors.ts';
import type { EventBatch } from '../event-types.ts';
import type { Labels, SeriesId } from '../series/labels.ts';
import { encodeLabels } from '../series/labels-codec.ts';
import type { LabelsKey } from '../series/labels-key.ts';
import type { PointBatch } from '../types.ts';
import { decodeEvents } from './event-record.ts';
import { IDS_LAYOUT, POINTS_HEADER_BYTES, RECORD_KIND, TIMES_LAYOUT } from './format.ts';

/** A series as the WAL introduces it: before the first points that use its id. */
export interface SeriesEntry {
  readonly id: SeriesId;
  readonly labels: Labels;
}

/** One that is registered now: the bytes of its labels are at hand, as a record has them. */
export interface NewSeries extends SeriesEntry {
  readonly key: LabelsKey;
}

export type WalRecord =
  | { readonly kind: 'series'; readonly entries: readonly (SeriesEntry | NewSeries)[] }
  | { readonly kind: 'points'; readonly batch: PointBatch }
  | { readonly kind: 'events'; readonly events: EventBatch };

const VALUE_BYTES = 8;
const RAW_TIME_BYTES = 8;
const OFFSET_BYTES = 4;
const ID_BYTES = 4;

/** One point takes at most this. */
const POINT_BYTES_MAX = VALUE_BYTES + RAW_TIME_BYTES + ID_BYTES;

/** Bytes that encodePoints may write. */
export function pointsBytesMax(count: number): number {
  return POINTS_HEADER_BYTES + count * POINT_BYTES_MAX;
}

/**
 * Writes a points record into `bytes` at `offset`, both aligned to 8, and returns its length.
 * There are at least pointsBytesMax bytes of room.
 */
export function encodePoints(batch: PointBatch, bytes: Uint8Array, offset: number): number {
  const { ids, timestampsMs, values } = batch;
  const count = ids.length;
  assert(count > 0, 'a points record has points');
  assert(timestampsMs.length === count, 'every point has a timestamp');
  assert(values.length === count, 'every point has a value');

  const idStep = count > 1 ? (ids[1]! - ids[0]!) >>> 0 : 0;
  const idsLayout = isProgression(ids, idStep) ? IDS_LAYOUT.progression : IDS_LAYOUT.raw;
  const { least: baseMs, most } = bounds(timestampsMs);
  const timesLayout = timesLayoutOf(most - baseMs);

  const start = bytes.byteOffset + offset;
  const header = new DataView(bytes.buffer, start, POINTS_HEADER_BYTES);
  header.setUint8(0, RECORD_KIND.points);
  header.setUint8(1, idsLayout);
  header.setUint8(2, timesLayout);
  header.setUint8(3, 0);
  header.setUint32(4, count, true);
  header.setFloat64(8, baseMs, true);
  header.setUint32(16, ids[0]!, true);
  header.setUint32(20, idsLayout === IDS_LAYOUT.progression ? idStep : 0, true);

  // Widest column first: each starts at a multiple of its width.
  let length = POINTS_HEADER_BYTES;
  bytes.set(asBytes(values), offset + length);
  length += count * VALUE_BYTES;
  if (timesLayout === TIMES_LAYOUT.raw) {
    bytes.set(asBytes(timestampsMs), offset + length);
    length += count * RAW_TIME_BYTES;
  } else if (timesLayout === TIMES_LAYOUT.offsets) {
    writeOffsets(timestampsMs, baseMs, new Uint32Array(bytes.buffer, start + length, count));
    length += count * OFFSET_BYTES;
  }
  if (idsLayout === IDS_LAYOUT.raw) {
    bytes.set(asBytes(ids), offset + length);
    length += count * ID_BYTES;
  }
  return length;
}

export function encodeSeries(entries: readonly (SeriesEntry | NewSeries)[]): Uint8Array {
  const writer = new ByteWriter(4096);
  writer.uint8(RECORD_KIND.series);
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.varint(entry.id);
    writer.varint(entry.labels.length);
    // Written the same way as in a key: see labels-codec.ts.
    if ('key' in entry) writer.bytes(entry.key.bytes.subarray(0, entry.key.length));
    else writer.bytes(encodeLabels(entry.labels));
  }
  return writer.view();
}

/** The record in `payload`, which lies at `offset` of `path`. Its columns are copies. */
export function decodeRecord(payload: Uint8Array, path: string, offset: number): WalRecord {
  const reader = new ByteReader(payload, path, offset);
  const kind = reader.uint8();
  if (kind === RECORD_KIND.series) return { kind: 'series', entries: decodeSeries(reader) };
  if (kind === RECORD_KIND.points) return { kind: 'points', batch: decodePoints(reader, payload) };
  if (kind === RECORD_KIND.events) return { kind: 'events', events: decodeEvents(reader) };
  throw new CorruptionError(path, offset, `record kind ${kind} is unknown: a newer varve wrote it`);
}

function decodeSeries(reader: ByteReader): SeriesEntry[] {
  const entries: SeriesEntry[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const id = reader.varint();
    const labels = [];
    for (let labelsLeft = reader.varint(); labelsLeft > 0; labelsLeft--) {
      labels.push({ name: reader.string(), value: reader.string() });
    }
    entries.push({ id, labels });
  }
  reader.expectEnd();
  return entries;
}

function decodePoints(reader: ByteReader, payload: Uint8Array): PointBatch {
  const idsLayout = reader.uint8();
  const timesLayout = reader.uint8();
  reader.uint8();
  const count = reader.uint32();
  const baseMs = reader.float64();
  const firstId = reader.uint32();
  const idStep = reader.uint32();

  let at = reader.offset;
  const column = (width: number): number => {
    const start = at;
    at += reader.bytes(count * width).length;
    return start;
  };
  const values = copyFloat64s(payload, column(VALUE_BYTES), count);
  let timestampsMs: Float64Array;
  if (timesLayout === TIMES_LAYOUT.raw) {
    timestampsMs = copyFloat64s(payload, column(RAW_TIME_BYTES), count);
  } else if (timesLayout === TIMES_LAYOUT.offsets) {
    const offsets = copyUint32s(payload, column(OFFSET_BYTES), count);
    timestampsMs = new Float64Array(count);
    for (let i = 0; i < count; i++) timestampsMs[i] = baseMs + offsets[i]!;
  } else if (timesLayout === TIMES_LAYOUT.constant) {
    timestampsMs = new Float64Array(count).fill(baseMs);
  } else {
    throw reader.corrupt(`times layout ${timesLayout} is unknown: a newer varve wrote it`);
  }
  let ids: Uint32Array;
  if (idsLayout === IDS_LAYOUT.raw) {
    ids = copyUint32s(payload, column(ID_BYTES), count);
  } else if (idsLayout === IDS_LAYOUT.progression) {
    ids = new Uint32Array(count);
    for (let i = 0, id = firstId; i < count; i++, id = (id + idStep) >>> 0) ids[i] = id;
  } else {
    throw reader.corrupt(`ids layout ${idsLayout} is unknown: a newer varve wrote it`);
  }
  reader.expectEnd();
  return { ids, timestampsMs, values };
}

function isProgression(ids: Uint32Array, step: number): boolean {
  let want = ids[0]!;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== want) return false;
    want = (want + step) >>> 0;
  }
  return true;
}

/** In one pass: two take twice as long. */
function bounds(column: Float64Array): { least: number; most: number } {
  let least = column[0]!;
  let most = least;
  for (let i = 1; i < column.length; i++) {
    const value = column[i]!;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return { least, most };
}

function timesLayoutOf(spanMs: number): number {
  if (spanMs === 0) return TIMES_LAYOUT.constant;
  return spanMs < 2 ** 32 ? TIMES_LAYOUT.offsets : TIMES_LAYOUT.raw;
}

function writeOffsets(column: Float64Array, base: number, offsets: Uint32Array): void {
  for (let i = 0; i < column.length; i++) offsets[i] = column[i]! - base;
}
