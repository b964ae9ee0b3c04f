// Decodes columns of a list, any one of them without the others.

import { CorruptionError } from '../errors.ts';
import { fromPatternResiduals, type PatternPrediction } from './bit-patterns.ts';
import {
  type ColumnForms,
  LAYOUT_EXCEPTIONS,
  LAYOUT_PATTERNS,
  ORDER_MASK,
} from './column-forms.ts';
import { UNITS } from './decimals.ts';
import { fromResiduals } from './integers.ts';
import { findPlanes, PLANES_MAX, readResiduals, STREAM_COUNT } from './planes.ts';
import type { Order, Prediction } from './prediction.ts';
import { createResiduals, residualCount } from './residuals.ts';

/** Position and bits of an exception. */
const EXCEPTION_BYTES = 10;

/** Where streams or exceptions lie in the bytes of a block. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface ColumnList {
  readonly forms: ColumnForms;
  /** Decompressed block that holds the streams. */
  readonly bytes: Uint8Array;
  /** Points of each column. */
  readonly counts: Uint32Array;
  /** By column, the index of its first plane in `planeOffsets`. */
  readonly firstPlanes: Uint32Array;
  readonly planeOffsets: Uint32Array;
  /** By column, where its exceptions begin. */
  readonly exceptionOffsets: Uint32Array;
}

const residuals = createResiduals();
const prediction: Prediction = { order: 0, base: 0, slope: 0, magnitude: 0 };
const patternPrediction: PatternPrediction = {
  order: 0,
  baseLow: 0,
  baseHigh: 0,
  shift: 0,
  magnitude: 0,
};

/** Finds the planes of every column; together they must fill the streams. `path` is for errors. */
export function openColumnList(
  forms: ColumnForms,
  counts: Uint32Array,
  bytes: Uint8Array,
  streams: readonly Span[],
  exceptions: Span,
  path: string,
  offset: number,
): ColumnList {
  const firstPlanes = new Uint32Array(forms.count + 1);
  for (let k = 0; k < forms.count; k++) firstPlanes[k + 1] = firstPlanes[k]! + forms.planes[k]!;
  // Padded: reading the offsets of eight planes is always within the array, which keeps it fast.
  const planeOffsets = new Uint32Array(firstPlanes[forms.count]! + PLANES_MAX);
  const exceptionOffsets = new Uint32Array(forms.count);
  const cursors = Uint32Array.from(streams, (stream) => stream.offset);
  let exceptionCursor = exceptions.offset;
  for (let k = 0; k < forms.count; k++) {
    const count = residualCount(counts[k]!, forms.layouts[k]! & ORDER_MASK);
    const planes = forms.planes[k]!;
    findPlanes(cursors, count, planes, forms.magnitudes[k]!, planeOffsets, firstPlanes[k]!);
    exceptionOffsets[k] = exceptionCursor;
    exceptionCursor += forms.exceptionCounts[k]! * EXCEPTION_BYTES;
  }
  const fills =
    exceptionCursor === exceptions.offset + exceptions.length &&
    streams.length === STREAM_COUNT &&
    streams.every((stream, s) => cursors[s] === stream.offset + stream.length);
  if (!fills) throw new CorruptionError(path, offset, 'columns do not fill the streams of a block');
  return { forms, bytes, counts, firstPlanes, planeOffsets, exceptionOffsets };
}

/** Decodes column `k` into `x`, which has a place for each of its points. */
export function decodeColumn(
  list: ColumnList,
  k: number,
  x: Float64Array = new Float64Array(list.counts[k]!),
): Float64Array {
  const { forms } = list;
  const layout = forms.layouts[k]!;
  const planes = forms.planes[k]!;
  readResiduals(
    list.bytes,
    list.planeOffsets,
    list.firstPlanes[k]!,
    planes,
    forms.magnitudes[k]!,
    residualCount(x.length, layout & ORDER_MASK),
    residuals,
  );
  if ((layout & LAYOUT_PATTERNS) !== 0) {
    patternPrediction.order = (layout & 1) as 0 | 1;
    patternPrediction.shift = forms.scales[k]!;
    patternPrediction.baseLow = forms.baseWords[2 * k]!;
    patternPrediction.baseHigh = forms.baseWords[2 * k + 1]!;
    const words = wordsOf(x);
    fromPatternResiduals(residuals, x.length, patternPrediction, words);
  } else {
    prediction.order = (layout & ORDER_MASK) as Order;
    prediction.base = forms.bases[k]!;
    prediction.slope = forms.slopes[k]!;
    const unit = UNITS[forms.scales[k]!]!;
    fromResiduals(residuals, x.length, prediction, planes > 4, unit, x);
  }
  if ((layout & LAYOUT_EXCEPTIONS) !== 0) putExceptions(list, k, x);
  return x;
}

function wordsOf(x: Float64Array): Uint32Array {
  return new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
}

function putExceptions(list: ColumnList, k: number, x: Float64Array): void {
  const words = wordsOf(x);
  const view = new DataView(list.bytes.buffer, list.bytes.byteOffset, list.bytes.byteLength);
  let at = list.exceptionOffsets[k]!;
  for (let i = 0; i < list.forms.exceptionCounts[k]!; i++) {
    const position = view.getUint16(at, true);
    words[2 * position] = view.getUint32(at + 2, true);
    words[2 * position + 1] = view.getUint32(at + 6, true);
    at += EXCEPTION_BYTES;
  }
}
