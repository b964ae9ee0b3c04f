// What both versions of remote write have in a series beside its labels: samples, which are kept,
// and native histograms and exemplars, which are counted.

import type { MetricType } from '../../../storage/index.ts';
import { IngestError, tooManyText } from '../../errors.ts';
import type { IngestLimits } from '../../limits.ts';
import type { SeriesBatch } from '../../series-batch.ts';
import { decodeLabels, type LabelBytes } from '../labels.ts';
import {
  readInt64,
  readLength,
  readTag,
  skipBytes,
  skipField,
  WIRE_I64,
  WIRE_LEN,
  WIRE_VARINT,
  type WireCursor,
} from '../wire.ts';

const SAMPLES_TAG = 2 * 8 + WIRE_LEN;
const SAMPLE_VALUE_TAG = 1 * 8 + WIRE_I64;
const SAMPLE_TIMESTAMP_TAG = 2 * 8 + WIRE_VARINT;

/** By their numbers in both versions. */
const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

export function metricType(number: number): MetricType {
  return METRIC_TYPES[number] ?? 'unknown';
}

/** Where a version has what is not stored. */
export interface SeriesTags {
  readonly histograms: number;
  readonly exemplars: number;
}

/** What the series of a request are read into. */
export interface SeriesTarget {
  readonly batch: SeriesBatch;
  readonly limits: IngestLimits;
  /** Series met so far; more than `limits.entries` are TOO_LARGE. */
  series: number;
}

/** Reads the fields at the cursor, but for the labels, which the caller has found. */
export function readSeries(
  series: WireCursor,
  labels: LabelBytes,
  tags: SeriesTags,
  target: SeriesTarget,
): void {
  countSeries(target);
  const samples = readFields(series, tags, target, () => slotOf(labels, target));
  // Without samples it is not registered; it must be well-formed all the same.
  if (samples === 0) decodeLabels(labels, target.limits);
}

/**
 * The same behind labels that the batch expected. False, with nothing read, when there are more of
 * them, with the tag `labelsTag`.
 */
export function readKnownSeries(
  series: WireCursor,
  labelsTag: number,
  tags: SeriesTags,
  target: SeriesTarget,
): boolean {
  const { batch } = target;
  const { bytes, offset, end } = series;
  // Most often a sample is all that follows.
  if (bytes[offset] === SAMPLES_TAG && bytes[offset + 1] === end - offset - 2) {
    countSeries(target);
    series.offset++;
    readSample(series, batch, batch.takeExpected());
    return true;
  }
  for (let tag = readTag(series); tag !== 0; tag = readTag(series)) {
    if (tag === labelsTag) return false;
    skipField(series, tag);
  }
  series.offset = offset;
  countSeries(target);
  readFields(series, tags, target, batch.takeExpected);
  return true;
}

function countSeries(target: SeriesTarget): void {
  const { entries } = target.limits;
  if (++target.series > entries) throw new IngestError('TOO_LARGE', tooManyText(entries, 'series'));
}

/** Returns how many samples there were; `openSlot` is asked for their slot when one comes. */
function readFields(
  series: WireCursor,
  tags: SeriesTags,
  { batch }: SeriesTarget,
  openSlot: () => number,
): number {
  let slot = 0;
  let samples = 0;
  for (let tag = readTag(series); tag !== 0; tag = readTag(series)) {
    if (tag === SAMPLES_TAG) {
      if (samples++ === 0) slot = openSlot();
      readSample(series, batch, slot);
      continue;
    }
    skipField(series, tag);
    if (tag === tags.histograms) batch.reject('native_histogram');
    else if (tag === tags.exemplars) batch.reject('exemplar');
  }
  return samples;
}

function slotOf({ bytes, start, end }: LabelBytes, { batch, limits }: SeriesTarget): number {
  return batch.seriesAt(bytes, start, end, () => decodeLabels({ bytes, start, end }, limits));
}

/** The value goes over as bytes: as a double it might come out as another NaN. */
function readSample(series: WireCursor, batch: SeriesBatch, slot: number): void {
  const outerEnd = series.end;
  series.end = readLength(series) + series.offset;
  let valueAt = -1;
  let timestampMs = 0;
  for (let tag = readTag(series); tag !== 0; tag = readTag(series)) {
    if (tag === SAMPLE_VALUE_TAG) {
      valueAt = skipBytes(series, 8);
    } else if (tag === SAMPLE_TIMESTAMP_TAG) {
      timestampMs = readInt64(series);
    } else {
      skipField(series, tag);
    }
  }
  series.end = outerEnd;
  // A zero is left out by its writer.
  if (valueAt < 0) batch.add(slot, timestampMs, 0);
  else batch.addAt(slot, timestampMs, series.bytes, valueAt);
}
