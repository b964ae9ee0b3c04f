// ExportMetricsServiceRequest, walked by hand: the generated decoder would make objects of every
// point and attribute. Fields may come in any order, so each level is read twice: for what
// describes it, then for what is in it.

import { IngestError } from '../../errors.ts';
import { within } from '../entries.ts';
import {
  readTag,
  readVarint,
  skipField,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
  wireCursor,
} from '../wire.ts';
import {
  type ExponentialPoint,
  exponentialPoint,
  type HistogramPoint,
  histogramPoint,
  readExponentialPoint,
  readHistogramPoint,
  readSummaryPoint,
  type SummaryPoint,
  summaryPoint,
} from './distributions.ts';
import { type NumberPoint, numberPoint, readNumberPoint } from './points.ts';
import { type ByteRange, findMessage, joined, NO_BYTES, readRange } from './wire.ts';

/** Entries read before others have a turn: some 10 ms, when all of them are new. */
const ENTRIES_PER_TURN = 4096;

const RESOURCE_METRICS_TAG = 1 * 8 + WIRE_LEN;
const RESOURCE_FIELD = 1;
const SCOPE_METRICS_TAG = 2 * 8 + WIRE_LEN;
const SCOPE_FIELD = 1;
const SCHEMA_URL_TAG = 3 * 8 + WIRE_LEN;
const METRICS_TAG = 2 * 8 + WIRE_LEN;
const NAME_TAG = 1 * 8 + WIRE_LEN;
const DESCRIPTION_TAG = 2 * 8 + WIRE_LEN;
const UNIT_TAG = 3 * 8 + WIRE_LEN;
const DATA_POINTS_TAG = 1 * 8 + WIRE_LEN;
const TEMPORALITY_TAG = 2 * 8 + WIRE_VARINT;
const MONOTONIC_TAG = 3 * 8 + WIRE_VARINT;

/** Field numbers of Metric's data. */
export const DATA_KIND = {
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
  summary: 11,
} as const;

const DATA_FIELDS: readonly number[] = Object.values(DATA_KIND);

export interface MetricHeader {
  readonly name: ByteRange;
  readonly description: ByteRange;
  readonly unit: ByteRange;
  /** One of DATA_KIND, 0 when the metric has no data, or data of a kind that is not known. */
  readonly kind: number;
  /** Of AggregationTemporality; 0 where the kind has none. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly points: number;
}

/** Told of everything in a request in its order; a point is good until the next one. */
export interface MetricsVisitor {
  enterResource(resource: ByteRange): void;
  enterScope(scope: ByteRange, schemaUrl: ByteRange): void;
  enterMetric(metric: MetricHeader): void;
  number(point: NumberPoint): void;
  histogram(point: HistogramPoint): void;
  exponential(point: ExponentialPoint): void;
  summary(point: SummaryPoint): void;
  leaveResource(): void;
}

/** One walk through a request. */
interface Walk {
  readonly visitor: MetricsVisitor;
  /** By the kind of the metric. */
  readonly visits: Readonly<Record<number, (point: WireCursor) => void>>;
  readonly entriesMax: number;
  entries: number;
}

/**
 * Yields where others may have a turn. Throws INVALID_ARGUMENT where the bytes are no message,
 * TOO_LARGE where they have more than `entriesMax` resources, scopes, metrics and points: an empty
 * one takes two bytes.
 */
export function* walkMetrics(
  request: Buffer,
  visitor: MetricsVisitor,
  entriesMax: number,
): Generator<undefined> {
  const walk: Walk = { visitor, visits: pointVisits(visitor), entriesMax, entries: 0 };
  const cursor = wireCursor(request);
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag !== RESOURCE_METRICS_TAG) {
      skipField(cursor, tag);
      continue;
    }
    const resourceMetrics = readRange(cursor);
    if (isTurnOver(walk)) yield;
    visitor.enterResource(findMessage(cursorOf(resourceMetrics), RESOURCE_FIELD));
    yield* walkResource(cursorOf(resourceMetrics), walk);
    visitor.leaveResource();
  }
}

function* walkResource(cursor: WireCursor, walk: Walk): Generator<undefined> {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag !== SCOPE_METRICS_TAG) {
      skipField(cursor, tag);
      continue;
    }
    const scopeMetrics = readRange(cursor);
    if (isTurnOver(walk)) yield;
    const scope = findMessage(cursorOf(scopeMetrics), SCOPE_FIELD);
    walk.visitor.enterScope(scope, findLast(cursorOf(scopeMetrics), SCHEMA_URL_TAG));
    yield* walkScope(cursorOf(scopeMetrics), walk);
  }
}

function* walkScope(cursor: WireCursor, walk: Walk): Generator<undefined> {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag !== METRICS_TAG) {
      skipField(cursor, tag);
      continue;
    }
    const { header, data } = readHeader(cursorOf(readRange(cursor)));
    if (isTurnOver(walk)) yield;
    walk.visitor.enterMetric(header);
    const points = cursorOf(data);
    const visit = walk.visits[header.kind];
    for (let inner = readTag(points); inner !== 0; inner = readTag(points)) {
      if (inner === DATA_POINTS_TAG && visit !== undefined) within(points, visit);
      else skipField(points, inner);
      if (isTurnOver(walk)) yield;
    }
  }
}

/** Counts one more entry. */
function isTurnOver(walk: Walk): boolean {
  if (++walk.entries > walk.entriesMax) {
    const message = `more than ${walk.entriesMax} entries in one request`;
    throw new IngestError('TOO_LARGE', message);
  }
  return walk.entries % ENTRIES_PER_TURN === 0;
}

function pointVisits(visitor: MetricsVisitor): Walk['visits'] {
  const number = numberPoint();
  const histogram = histogramPoint();
  const exponential = exponentialPoint();
  const summary = summaryPoint();
  const visitNumber = (cursor: WireCursor) => {
    readNumberPoint(cursor, number);
    visitor.number(number);
  };
  return {
    [DATA_KIND.gauge]: visitNumber,
    [DATA_KIND.sum]: visitNumber,
    [DATA_KIND.histogram](cursor) {
      readHistogramPoint(cursor, histogram);
      visitor.histogram(histogram);
    },
    [DATA_KIND.exponentialHistogram](cursor) {
      readExponentialPoint(cursor, exponential);
      visitor.exponential(exponential);
    },
    [DATA_KIND.summary](cursor) {
      readSummaryPoint(cursor, summary);
      visitor.summary(summary);
    },
  };
}

/** Of the data, whose kinds exclude each other, the last one counts. */
function readHeader(cursor: WireCursor): { header: MetricHeader; data: ByteRange } {
  let [name, description, unit, data] = [NO_BYTES, NO_BYTES, NO_BYTES, NO_BYTES];
  let kind = 0;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    const field = tag >>> 3;
    if (tag === NAME_TAG) name = readRange(cursor);
    else if (tag === DESCRIPTION_TAG) description = readRange(cursor);
    else if (tag === UNIT_TAG) unit = readRange(cursor);
    else if ((tag & 7) === WIRE_LEN && DATA_FIELDS.includes(field)) {
      data = joined(field === kind ? data : NO_BYTES, readRange(cursor));
      kind = field;
    } else skipField(cursor, tag);
  }
  return { header: { name, description, unit, kind, ...readDataHeader(cursorOf(data)) }, data };
}

function readDataHeader(
  cursor: WireCursor,
): Pick<MetricHeader, 'temporality' | 'isMonotonic' | 'points'> {
  let temporality = 0;
  let isMonotonic = false;
  let points = 0;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === TEMPORALITY_TAG) temporality = readVarint(cursor);
    else if (tag === MONOTONIC_TAG) isMonotonic = readVarint(cursor) !== 0;
    else {
      if (tag === DATA_POINTS_TAG) points++;
      skipField(cursor, tag);
    }
  }
  return { temporality, isMonotonic, points };
}

/** The content of the last field of this tag. */
function findLast(cursor: WireCursor, wanted: number): ByteRange {
  let range = NO_BYTES;
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === wanted) range = readRange(cursor);
    else skipField(cursor, tag);
  }
  return range;
}

function cursorOf({ bytes, start, end }: ByteRange): WireCursor {
  return wireCursor(bytes, start, end);
}
