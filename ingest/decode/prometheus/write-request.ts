// Remote write 1.0, the message prometheus.WriteRequest, read by hand as varve.ts does. Its labels
// have the very bytes that ours have. The fields are in proto/prometheus/write_request.proto.
// https://prometheus.io/docs/specs/prw/remote_write_spec/

import type { MetadataStore } from '../../../storage/index.ts';
import type { IngestLimits } from '../../limits.ts';
import type { SeriesBatch } from '../../series-batch.ts';
import { type EntryReader, entryReader } from '../entries.ts';
import { findLabels } from '../labels.ts';
import { readTag, readText, readVarint, skipField, WIRE_LEN, WIRE_VARINT } from '../wire.ts';
import {
  metricType,
  readKnownSeries,
  readSeries,
  type SeriesTags,
  type SeriesTarget,
} from './series.ts';

const TIME_SERIES_TAG = 1 * 8 + WIRE_LEN;
const METADATA_TAG = 3 * 8 + WIRE_LEN;
const LABELS_FIELD = 1;
const LABELS_TAG = LABELS_FIELD * 8 + WIRE_LEN;
const TAGS: SeriesTags = { exemplars: 3 * 8 + WIRE_LEN, histograms: 4 * 8 + WIRE_LEN };

const METADATA_TYPE_TAG = 1 * 8 + WIRE_VARINT;
const METADATA_FAMILY_TAG = 2 * 8 + WIRE_LEN;
const METADATA_HELP_TAG = 4 * 8 + WIRE_LEN;
const METADATA_UNIT_TAG = 5 * 8 + WIRE_LEN;

/** Puts the samples of each series into the batch. */
export function writeRequestReader(
  body: Buffer,
  batch: SeriesBatch,
  limits: IngestLimits,
): EntryReader {
  const target: SeriesTarget = { batch, limits, series: 0 };
  return entryReader(body, TIME_SERIES_TAG, (series) => {
    const { offset } = series;
    const known = batch.expected(body, offset, series.end);
    if (known > 0) {
      // All of the labels, if none follows: there is no need to look where they end.
      series.offset = offset + known;
      if (readKnownSeries(series, LABELS_TAG, TAGS, target)) return;
      series.offset = offset;
    }
    const labels = findLabels(series, LABELS_FIELD);
    // Nothing comes before labels that lie together at the front, as in every ordinary message.
    const inFront = labels.bytes === body && labels.start === offset;
    series.offset = inFront ? labels.end : offset;
    readSeries(series, labels, TAGS, target);
  });
}

/** Tells the store what the request says of metrics; text that is too long is left out. */
export function readMetadata(body: Buffer, store: MetadataStore, limits: IngestLimits): void {
  const sizeMax = limits.labelValueBytes;
  const entries = entryReader(body, METADATA_TAG, (entry) => {
    let type = 0;
    let family: string | undefined = '';
    let help: string | undefined = '';
    let unit: string | undefined = '';
    for (let tag = readTag(entry); tag !== 0; tag = readTag(entry)) {
      if (tag === METADATA_TYPE_TAG) type = readVarint(entry);
      else if (tag === METADATA_FAMILY_TAG) family = readText(entry, sizeMax);
      else if (tag === METADATA_HELP_TAG) help = readText(entry, sizeMax);
      else if (tag === METADATA_UNIT_TAG) unit = readText(entry, sizeMax);
      else skipField(entry, tag);
    }
    if (family === undefined || family === '') return;
    store.set(family, { type: metricType(type), help: help ?? '', unit: unit ?? '' });
  });
  entries.read(limits.entries);
}
