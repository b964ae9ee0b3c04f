// The data points of OTLP that describe a distribution: histograms and summaries.

import { within } from '../entries.ts';
import {
  readTag,
  readVarint,
  skipBytes,
  skipField,
  WIRE_I64,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
} from '../wire.ts';
import {
  blankPoint,
  type DataPoint,
  type DoubleWords,
  noDouble,
  type PointLayout,
  readPoint,
  readWords,
} from './points.ts';
import { fromWords } from './wire.ts';

/** Buckets or quantiles of one point; senders have 160 at most. The point of more is rejected. */
export const POINT_PARTS_MAX = 10_000;

export interface HistogramPoint extends DataPoint {
  count: number;
  hasSum: boolean;
  readonly sum: DoubleWords;
  readonly bounds: number[];
  /** Not cumulative; one more than bounds. */
  readonly counts: number[];
}

/** Bucket `offset + i` has `counts[i]` values. */
export interface ExponentialBuckets {
  offset: number;
  readonly counts: number[];
}

export interface ExponentialPoint extends DataPoint {
  count: number;
  hasSum: boolean;
  readonly sum: DoubleWords;
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
}

export interface SummaryPoint extends DataPoint {
  count: number;
  readonly sum: DoubleWords;
  readonly quantiles: ({ quantile: number } & DoubleWords)[];
}

export function histogramPoint(): HistogramPoint {
  return { ...blankPoint(), count: 0, hasSum: false, sum: noDouble(), bounds: [], counts: [] };
}

export function exponentialPoint(): ExponentialPoint {
  const noBuckets = (): ExponentialBuckets => ({ offset: 0, counts: [] });
  return {
    ...blankPoint(),
    ...{ count: 0, hasSum: false, sum: noDouble() },
    ...{ scale: 0, zeroCount: 0, zeroThreshold: 0 },
    ...{ positive: noBuckets(), negative: noBuckets() },
  };
}

export function summaryPoint(): SummaryPoint {
  return { ...blankPoint(), count: 0, sum: noDouble(), quantiles: [] };
}

const HISTOGRAM: PointLayout<HistogramPoint> = {
  attributesField: 9,
  flagsField: 10,
  exemplarsField: 8,
  clear(point) {
    point.count = 0;
    point.hasSum = false;
    point.bounds.length = 0;
    point.counts.length = 0;
  },
  readOwn(cursor, tag, point) {
    switch (tag) {
      case 4 * 8 + WIRE_I64:
        point.count = readFixed64(cursor);
        return true;
      case 5 * 8 + WIRE_I64:
        point.hasSum = true;
        readWords(cursor, point.sum);
        return true;
      case 6 * 8 + WIRE_I64:
      case 6 * 8 + WIRE_LEN:
        readRepeated(cursor, tag, point.counts, readFixed64);
        return true;
      case 7 * 8 + WIRE_I64:
      case 7 * 8 + WIRE_LEN:
        readRepeated(cursor, tag, point.bounds, readDouble);
        return true;
      default:
        return false;
    }
  },
};

const EXPONENTIAL: PointLayout<ExponentialPoint> = {
  attributesField: 1,
  flagsField: 10,
  exemplarsField: 11,
  clear(point) {
    point.count = 0;
    point.hasSum = false;
    point.scale = 0;
    point.zeroCount = 0;
    point.zeroThreshold = 0;
    for (const buckets of [point.positive, point.negative]) {
      buckets.offset = 0;
      buckets.counts.length = 0;
    }
  },
  readOwn(cursor, tag, point) {
    switch (tag) {
      case 4 * 8 + WIRE_I64:
        point.count = readFixed64(cursor);
        return true;
      case 5 * 8 + WIRE_I64:
        point.hasSum = true;
        readWords(cursor, point.sum);
        return true;
      case 6 * 8 + WIRE_VARINT:
        point.scale = readSint32(cursor);
        return true;
      case 7 * 8 + WIRE_I64:
        point.zeroCount = readFixed64(cursor);
        return true;
      case 8 * 8 + WIRE_LEN:
        within(cursor, (part) => readBuckets(part, point.positive));
        return true;
      case 9 * 8 + WIRE_LEN:
        within(cursor, (part) => readBuckets(part, point.negative));
        return true;
      case 14 * 8 + WIRE_I64:
        point.zeroThreshold = readDouble(cursor);
        return true;
      default:
        return false;
    }
  },
};

const SUMMARY: PointLayout<SummaryPoint> = {
  attributesField: 7,
  flagsField: 8,
  exemplarsField: 0,
  clear(point) {
    point.count = 0;
    point.sum.low = 0;
    point.sum.high = 0;
    point.quantiles.length = 0;
  },
  readOwn(cursor, tag, point) {
    switch (tag) {
      case 4 * 8 + WIRE_I64:
        point.count = readFixed64(cursor);
        return true;
      case 5 * 8 + WIRE_I64:
        readWords(cursor, point.sum);
        return true;
      case 6 * 8 + WIRE_LEN:
        within(cursor, (part) => readQuantile(part, point.quantiles));
        return true;
      default:
        return false;
    }
  },
};

export const readHistogramPoint = (cursor: WireCursor, point: HistogramPoint) =>
  readPoint(cursor, HISTOGRAM, point);
export const readExponentialPoint = (cursor: WireCursor, point: ExponentialPoint) =>
  readPoint(cursor, EXPONENTIAL, point);
export const readSummaryPoint = (cursor: WireCursor, point: SummaryPoint) =>
  readPoint(cursor, SUMMARY, point);

function readBuckets(cursor: WireCursor, buckets: ExponentialBuckets): void {
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    switch (tag) {
      case 1 * 8 + WIRE_VARINT:
        buckets.offset = readSint32(cursor);
        break;
      case 2 * 8 + WIRE_VARINT:
      case 2 * 8 + WIRE_LEN:
        readRepeated(cursor, tag, buckets.counts, readVarint);
        break;
      default:
        skipField(cursor, tag);
    }
  }
}

function readQuantile(cursor: WireCursor, quantiles: SummaryPoint['quantiles']): void {
  const read = { quantile: 0, low: 0, high: 0 };
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag === 1 * 8 + WIRE_I64) read.quantile = readDouble(cursor);
    else if (tag === 2 * 8 + WIRE_I64) readWords(cursor, read);
    else skipField(cursor, tag);
  }
  if (quantiles.length <= POINT_PARTS_MAX) quantiles.push(read);
}

/** The elements behind `tag`, packed or one alone. Those past POINT_PARTS_MAX + 1 are let go. */
function readRepeated(
  cursor: WireCursor,
  tag: number,
  elements: number[],
  read: (cursor: WireCursor) => number,
): void {
  const take = (part: WireCursor) => {
    const element = read(part);
    if (elements.length <= POINT_PARTS_MAX) elements.push(element);
  };
  if ((tag & 7) !== WIRE_LEN) {
    take(cursor);
    return;
  }
  within(cursor, (packed) => {
    while (packed.offset < packed.end) take(packed);
  });
}

function readFixed64(cursor: WireCursor): number {
  const word = skipBytes(cursor, 8);
  return fromWords(cursor.bytes.readUInt32LE(word), cursor.bytes.readUInt32LE(word + 4));
}

function readDouble(cursor: WireCursor): number {
  return cursor.bytes.readDoubleLE(skipBytes(cursor, 8));
}

/** Zigzag; bits past the 32nd are dropped, as protobuf does. */
function readSint32(cursor: WireCursor): number {
  const value = readVarint(cursor) >>> 0;
  return (value >>> 1) ^ -(value & 1);
}
