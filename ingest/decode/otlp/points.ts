// The data points of OTLP, read by hand, field by field in one pass. A reader fills the struct it
// is given, which is used again from point to point. Here what all kinds have in common, and the
// points of gauges and sums; the others are in distributions.ts.

import { findLabels, type LabelBytes } from '../labels.ts';
import {
  readTag,
  readVarint,
  skipBytes,
  skipField,
  WIRE_I64,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
  wireCursor,
} from '../wire.ts';
import { NO_BYTES, nanosToMs } from './wire.ts';

/** What points of every kind have. */
export interface DataPoint {
  attributes: LabelBytes;
  timestampMs: number;
  /** The flag "no recorded value": the series has ended for now. */
  isUnrecorded: boolean;
  exemplars: number;
}

/** A double as it came, in two words: a NaN keeps its payload. */
export interface DoubleWords {
  low: number;
  high: number;
}

export interface NumberPoint extends DataPoint, DoubleWords {
  /** What the two words are. */
  valueKind: 'none' | 'double' | 'int';
}

export const blankPoint = (): DataPoint => ({
  attributes: NO_BYTES,
  timestampMs: 0,
  isUnrecorded: false,
  exemplars: 0,
});
export const noDouble = (): DoubleWords => ({ low: 0, high: 0 });

export function numberPoint(): NumberPoint {
  return { ...blankPoint(), ...noDouble(), valueKind: 'none' };
}

/** Where points of a kind have what all of them have, and how the rest is read. */
export interface PointLayout<Point> {
  readonly attributesField: number;
  readonly flagsField: number;
  readonly exemplarsField: number;
  /** Sets the fields that `readOwn` may not meet to what they are when they are not sent. */
  readonly clear: (point: Point) => void;
  /** Reads the field of this tag; false when it knows none. */
  readonly readOwn: (cursor: WireCursor, tag: number, point: Point) => boolean;
}

const TIME_TAG = 3 * 8 + WIRE_I64;

/** Reads the message at `cursor` to its end. */
export function readPoint<Point extends DataPoint>(
  cursor: WireCursor,
  layout: PointLayout<Point>,
  point: Point,
): void {
  const attributesTag = layout.attributesField * 8 + WIRE_LEN;
  const flagsTag = layout.flagsField * 8 + WIRE_VARINT;
  const exemplarsTag = layout.exemplarsField * 8 + WIRE_LEN;
  const { bytes, offset } = cursor;
  let start = 0;
  let end = 0;
  let isScattered = false;
  point.timestampMs = 0;
  point.isUnrecorded = false;
  point.exemplars = 0;
  layout.clear(point);
  for (
    let at = cursor.offset, tag = readTag(cursor);
    tag !== 0;
    at = cursor.offset, tag = readTag(cursor)
  ) {
    if (tag === attributesTag) {
      skipField(cursor, tag);
      if (end === 0) start = at;
      else if (end !== at) isScattered = true;
      end = cursor.offset;
    } else if (tag === TIME_TAG) {
      const word = skipBytes(cursor, 8);
      point.timestampMs = nanosToMs(bytes.readUInt32LE(word), bytes.readUInt32LE(word + 4));
    } else if (tag === flagsTag) {
      point.isUnrecorded = (readVarint(cursor) & NO_RECORDED_VALUE) !== 0;
    } else if (tag === exemplarsTag) {
      skipField(cursor, tag);
      point.exemplars++;
    } else if (!layout.readOwn(cursor, tag, point)) {
      skipField(cursor, tag);
    }
  }
  point.attributes = isScattered
    ? findLabels(wireCursor(bytes, offset, cursor.end), layout.attributesField)
    : { bytes, start, end };
}

/** Of DataPointFlags. */
const NO_RECORDED_VALUE = 1;

const NUMBER: PointLayout<NumberPoint> = {
  attributesField: 7,
  flagsField: 8,
  exemplarsField: 5,
  clear(point) {
    point.valueKind = 'none';
  },
  readOwn(cursor, tag, point) {
    if (tag === 4 * 8 + WIRE_I64) point.valueKind = 'double';
    else if (tag === 6 * 8 + WIRE_I64) point.valueKind = 'int';
    else return false;
    readWords(cursor, point);
    return true;
  },
};

export const readNumberPoint = (cursor: WireCursor, point: NumberPoint) =>
  readPoint(cursor, NUMBER, point);

export function readWords(cursor: WireCursor, into: DoubleWords): void {
  const word = skipBytes(cursor, 8);
  into.low = cursor.bytes.readUInt32LE(word);
  into.high = cursor.bytes.readUInt32LE(word + 4);
}
