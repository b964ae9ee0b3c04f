// varve.v1.WriteRequest, read by hand: the generated decoder would make an object of every series
// and a BigInt of every timestamp. Read twice: `measureRequest` checks the whole structure and
// counts, so that nothing is taken in of a malformed request and columns are allocated once;
// `definitionReader`, `seriesReader`, `streamReader` and `readColumns` then hand out what is there.

import { IngestError, malformed, tooManyText } from '../errors.ts';
import type { IngestLimits } from '../limits.ts';
import {
  COLUMNS_FIELDS,
  type ColumnCounts,
  copyColumns,
  countColumns,
  type PointBuffer,
  TIME_SERIES_FIELDS,
} from './columns.ts';
import { type EntryReader, entryReader, within } from './entries.ts';
import { countEvents, findStream, type StreamBytes } from './events.ts';
import { findLabels, type LabelBytes } from './labels.ts';
import {
  readLength,
  readTag,
  readUint64,
  skipBytes,
  skipField,
  WIRE_I32,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
  wireCursor,
} from './wire.ts';
import { decompressFrame } from './zstd.ts';

const SEQUENCE_TAG = 1 * 8 + WIRE_VARINT;
const SERIES_TAG = 2 * 8 + WIRE_LEN;
const DEFINITIONS_TAG = 3 * 8 + WIRE_LEN;
const COLUMNS_TAG = 4 * 8 + WIRE_LEN;
const COLUMNS_ZSTD_TAG = 5 * 8 + WIRE_LEN;
const EVENTS_TAG = 6 * 8 + WIRE_LEN;

const TIME_SERIES_LABELS_FIELD = 1;
const DEFINITION_REF_TAG = 1 * 8 + WIRE_I32;
const DEFINITION_LABELS_FIELD = 2;

/** A WriteRequest whose structure is sound, and how much is in it. */
export interface MeasuredRequest {
  readonly bytes: Buffer;
  readonly sequence: bigint;
  /** How many entries of `series` and of `definitions`. */
  readonly series: number;
  readonly definitions: number;
  /** Points of `series`; they come first in a PointBuffer. */
  readonly seriesPoints: number;
  /** Points of `columns` and `columns_zstd`; they follow in this order. */
  readonly columnPoints: number;
  /** Entries of `events`, and how many events they have together. */
  readonly eventStreams: number;
  readonly events: number;
  /** What `columns_zstd` decompressed to. */
  readonly unpackedColumns: Buffer | undefined;
}

/** Throws INVALID_ARGUMENT, or RESOURCE_EXHAUSTED where there is more than the limits allow. */
export function measureRequest(bytes: Buffer, limits: IngestLimits): MeasuredRequest {
  const cursor = wireCursor(bytes);
  const columns = noColumns();
  let sequence = 0n;
  let series = 0;
  let definitions = 0;
  let seriesPoints = 0;
  let eventStreams = 0;
  let events = 0;
  let compressed: Buffer | undefined;
  let entries = 0;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (++entries > limits.entries) {
      const message = tooManyText(limits.entries, 'entries');
      throw new IngestError('RESOURCE_EXHAUSTED', message);
    }
    switch (tag) {
      case SEQUENCE_TAG:
        sequence = readUint64(cursor);
        break;
      case SERIES_TAG:
        series++;
        seriesPoints += within(cursor, countSeriesPoints);
        break;
      case DEFINITIONS_TAG:
        definitions++;
        within(cursor, skipFields);
        break;
      case COLUMNS_TAG:
        within(cursor, (part) => countColumns(part, COLUMNS_FIELDS, columns));
        break;
      case COLUMNS_ZSTD_TAG: {
        const start = skipBytes(cursor, readLength(cursor));
        compressed = bytes.subarray(start, cursor.offset);
        break;
      }
      case EVENTS_TAG:
        eventStreams++;
        events += within(cursor, countEvents);
        break;
      default:
        skipField(cursor, tag);
    }
  }
  let columnPoints = parallelLength(columns, 'columns', columns.refs);
  let unpackedColumns: Buffer | undefined;
  if (compressed !== undefined && compressed.length > 0) {
    unpackedColumns = decompressFrame(compressed, limits.messageBytes);
    const counts = noColumns();
    countColumns(wireCursor(unpackedColumns), COLUMNS_FIELDS, counts);
    columnPoints += parallelLength(counts, 'columns_zstd', counts.refs);
  }
  return {
    bytes,
    sequence,
    series,
    definitions,
    seriesPoints,
    columnPoints,
    eventStreams,
    events,
    unpackedColumns,
  };
}

/** Copies the points of each TimeSeries and tells which of them, [from, to), it has. */
export function seriesReader(
  request: MeasuredRequest,
  target: PointBuffer,
  onSeries: (labels: LabelBytes, from: number, to: number) => void,
): EntryReader {
  const at = noColumns();
  return entryReader(request.bytes, SERIES_TAG, (series) => {
    const { offset } = series;
    const from = at.values;
    copyColumns(series, TIME_SERIES_FIELDS, target, at);
    series.offset = offset;
    onSeries(findLabels(series, TIME_SERIES_LABELS_FIELD), from, at.values);
  });
}

export function definitionReader(
  request: MeasuredRequest,
  onDefinition: (ref: number, labels: LabelBytes) => void,
): EntryReader {
  return entryReader(request.bytes, DEFINITIONS_TAG, (definition) => {
    const { offset } = definition;
    let ref = 0;
    for (let tag = readTag(definition); tag !== 0; tag = readTag(definition)) {
      if (tag === DEFINITION_REF_TAG) ref = request.bytes.readUInt32LE(skipBytes(definition, 4));
      else skipField(definition, tag);
    }
    definition.offset = offset;
    onDefinition(ref, findLabels(definition, DEFINITION_LABELS_FIELD));
  });
}

export function streamReader(
  request: MeasuredRequest,
  onStream: (stream: StreamBytes) => void,
): EntryReader {
  return entryReader(request.bytes, EVENTS_TAG, (stream) => onStream(findStream(stream)));
}

/** Copies the columns behind the points of the series; their ids are refs. */
export function readColumns(request: MeasuredRequest, target: PointBuffer): void {
  const first = request.seriesPoints;
  const at = { refs: first, timestampsMs: first, values: first };
  const pieces = entryReader(request.bytes, COLUMNS_TAG, (piece) =>
    copyColumns(piece, COLUMNS_FIELDS, target, at),
  );
  pieces.read(Number.POSITIVE_INFINITY);
  if (request.unpackedColumns !== undefined) {
    copyColumns(wireCursor(request.unpackedColumns), COLUMNS_FIELDS, target, at);
  }
}

function skipFields(cursor: WireCursor): void {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) skipField(cursor, tag);
}

function countSeriesPoints(series: WireCursor): number {
  const counts = noColumns();
  countColumns(series, TIME_SERIES_FIELDS, counts);
  return parallelLength(counts, 'series');
}

function noColumns(): ColumnCounts {
  return { refs: 0, timestampsMs: 0, values: 0 };
}

/** The number of points, when the columns agree on it. */
function parallelLength(counts: ColumnCounts, where: string, refs?: number): number {
  const { timestampsMs, values } = counts;
  if (timestampsMs === values && (refs ?? values) === values) return values;
  const found = `${timestampsMs} timestamps and ${values} values`;
  throw malformed(`ragged ${where}: ${refs === undefined ? '' : `${refs} refs, `}${found}`);
}
