// Encodes columns, one after another, into a list: its forms and its streams.

import { assert } from '../assert.ts';
import { CHUNK_POINTS_MAX } from '../limits.ts';
import {
  type PatternPrediction,
  predictPatterns,
  toPatternResiduals,
  toPatterns,
} from './bit-patterns.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  type ColumnForms,
  createColumnForms,
  LAYOUT_EXCEPTIONS,
  LAYOUT_PATTERNS,
} from './column-forms.ts';
import { type Exceptions, INTEGER_MAX, toDecimals } from './decimals.ts';
import { toResiduals } from './integers.ts';
import { appendPlanes, createPlaneStreams, type PlaneStreams, planesFor } from './planes.ts';
import { type Prediction, predict } from './prediction.ts';
import { createResiduals, residualCount } from './residuals.ts';

export interface ColumnWriter {
  readonly forms: ColumnForms;
  readonly streams: PlaneStreams;
  /** For each exception, its position (uint16) and its bits. */
  readonly exceptions: ByteWriter;
  /** Bytes in the streams, before the entropy stage. */
  streamBytes: number;
}

// Scratch of one chunk, shared by all writers of a thread: encoding is synchronous.
const integers = new Float64Array(CHUNK_POINTS_MAX);
const patternLow = new Uint32Array(CHUNK_POINTS_MAX);
const patternHigh = new Uint32Array(CHUNK_POINTS_MAX);
const residuals = createResiduals();
const exceptions: Exceptions = { positions: new Uint16Array(CHUNK_POINTS_MAX), count: 0 };
const prediction: Prediction = { order: 0, base: 0, slope: 0, magnitude: 0 };
const patternPrediction: PatternPrediction = {
  order: 0,
  baseLow: 0,
  baseHigh: 0,
  shift: 0,
  magnitude: 0,
};

export function createColumnWriter(columnsMax: number): ColumnWriter {
  return {
    forms: createColumnForms(columnsMax),
    streams: createPlaneStreams(),
    exceptions: new ByteWriter(),
    streamBytes: 0,
  };
}

export function resetColumnWriter(writer: ColumnWriter): void {
  writer.forms.count = 0;
  writer.streams.lengths.fill(0);
  writer.exceptions.reset();
  writer.streamBytes = 0;
}

/** Appends ascending timestamps (at least one), integers within +-2^53. */
export function appendTimestamps(writer: ColumnWriter, timestampsMs: Float64Array): void {
  const count = timestampsMs.length;
  exceptions.count = 0;
  if (Math.max(-timestampsMs[0]!, timestampsMs[count - 1]!) <= INTEGER_MAX) {
    appendIntegers(writer, timestampsMs, count, 0, true);
  } else appendPatterns(writer, timestampsMs);
}

/** Appends values (at least one) of any bits. */
export function appendValues(writer: ColumnWriter, values: Float64Array): void {
  const scale = toDecimals(values, values.length, integers, exceptions);
  if (scale === undefined) appendPatterns(writer, values);
  else {
    appendIntegers(writer, integers, values.length, scale, false);
    if (exceptions.count > 0) appendExceptions(writer, values);
  }
}

function appendIntegers(
  writer: ColumnWriter,
  x: Float64Array,
  count: number,
  scale: number,
  trend: boolean,
): void {
  predict(x, count, trend, prediction);
  toResiduals(x, count, prediction, residuals);
  const k = appendForm(writer, prediction.order, scale, prediction.magnitude);
  writer.forms.bases[k] = prediction.base;
  writer.forms.slopes[k] = prediction.slope;
  appendResiduals(writer, k, residualCount(count, prediction.order));
}

function appendPatterns(writer: ColumnWriter, doubles: Float64Array): void {
  const count = doubles.length;
  const words = new Uint32Array(doubles.buffer, doubles.byteOffset, 2 * count);
  toPatterns(words, count, patternLow, patternHigh);
  predictPatterns(patternLow, patternHigh, count, patternPrediction);
  toPatternResiduals(patternLow, patternHigh, count, patternPrediction, residuals);
  const { order, shift, magnitude } = patternPrediction;
  const k = appendForm(writer, order | LAYOUT_PATTERNS, shift, magnitude);
  writer.forms.baseWords[2 * k] = patternPrediction.baseLow;
  writer.forms.baseWords[2 * k + 1] = patternPrediction.baseHigh;
  appendResiduals(writer, k, residualCount(count, order));
}

function appendForm(
  writer: ColumnWriter,
  layout: number,
  scale: number,
  magnitude: number,
): number {
  const { forms } = writer;
  const k = forms.count++;
  assert(k < forms.layouts.length, 'a list of columns has room');
  forms.layouts[k] = layout;
  forms.scales[k] = scale;
  forms.magnitudes[k] = magnitude;
  forms.exceptionCounts[k] = 0;
  return k;
}

function appendResiduals(writer: ColumnWriter, k: number, count: number): void {
  const planes = planesFor(residuals.lowMask, residuals.highMask);
  writer.forms.planes[k] = planes;
  appendPlanes(
    writer.streams,
    residuals.low,
    residuals.high,
    count,
    planes,
    writer.forms.magnitudes[k]!,
  );
  writer.streamBytes += planes * count;
}

/** Marks the last column as one with exceptions and appends them. */
function appendExceptions(writer: ColumnWriter, values: Float64Array): void {
  const { forms } = writer;
  forms.layouts[forms.count - 1]! |= LAYOUT_EXCEPTIONS;
  forms.exceptionCounts[forms.count - 1] = exceptions.count;
  const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = 0; i < exceptions.count; i++) {
    const position = exceptions.positions[i]!;
    writer.exceptions.uint16(position);
    writer.exceptions.uint32(bits[2 * position]!);
    writer.exceptions.uint32(bits[2 * position + 1]!);
  }
}
