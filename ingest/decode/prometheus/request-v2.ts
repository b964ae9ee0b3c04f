// Remote write 2.0, the message io.prometheus.write.v2.Request: strings lie in a table of symbols,
// and metadata beside each series. The fields are in proto/prometheus/request_v2.proto.
// https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/

import type { MetadataStore, MetricMetadata } from '../../../storage/index.ts';
import type { IngestLimits } from '../../limits.ts';
import type { SeriesBatch } from '../../series-batch.ts';
import { type EntryReader, entryReader, within } from '../entries.ts';
import { readTag, readVarint, skipField, WIRE_LEN, WIRE_VARINT, type WireCursor } from '../wire.ts';
import { metricType, readSeries, type SeriesTags, type SeriesTarget } from './series.ts';
import { readSymbols, type Symbols } from './symbols.ts';

const TIME_SERIES_TAG = 5 * 8 + WIRE_LEN;
const TAGS: SeriesTags = { histograms: 3 * 8 + WIRE_LEN, exemplars: 4 * 8 + WIRE_LEN };
const METADATA_TAG = 5 * 8 + WIRE_LEN;

const METADATA_TYPE_TAG = 1 * 8 + WIRE_VARINT;
const METADATA_HELP_TAG = 3 * 8 + WIRE_VARINT;
const METADATA_UNIT_TAG = 4 * 8 + WIRE_VARINT;

/** Series of one family whose names end so, and the types that have them. */
const FAMILY_SUFFIX = /_(?:bucket|sum|count)$/;
const FAMILY_TYPES = new Set(['histogram', 'gaugehistogram', 'summary']);

/** Puts the samples of each series into the batch; tells the store what is said of its metric. */
export function requestV2Reader(
  body: Buffer,
  batch: SeriesBatch,
  metadata: MetadataStore,
  limits: IngestLimits,
): EntryReader {
  const symbols = readSymbols(body, limits);
  const target: SeriesTarget = { batch, limits, series: 0 };
  /** Metric names whose metadata was read: their other series say the same. */
  const described = new Set<number>();
  return entryReader(body, TIME_SERIES_TAG, (series) => {
    const { offset } = series;
    const { labels, nameRef } = symbols.labels(series);
    if (!described.has(nameRef)) {
      described.add(nameRef);
      describe(symbols, nameRef, findMetadata(series, symbols), metadata, limits);
      series.offset = offset;
    }
    readSeries(series, labels, TAGS, target);
  });
}

function describe(
  symbols: Symbols,
  nameRef: number,
  found: MetricMetadata | undefined,
  store: MetadataStore,
  limits: IngestLimits,
): void {
  const name = symbols.text(nameRef);
  if (found === undefined || name === '') return;
  if ([name, found.help, found.unit].some((text) => text.length > limits.labelValueBytes)) return;
  store.set(FAMILY_TYPES.has(found.type) ? name.replace(FAMILY_SUFFIX, '') : name, found);
}

/** Undefined when the series has none, or one that says nothing. */
function findMetadata(series: WireCursor, symbols: Symbols): MetricMetadata | undefined {
  let found: MetricMetadata | undefined;
  for (let tag = readTag(series); tag !== 0; tag = readTag(series)) {
    if (tag !== METADATA_TAG) {
      skipField(series, tag);
      continue;
    }
    const [type, helpRef, unitRef] = within(series, readMetadata);
    if (type === 0 && helpRef === 0 && unitRef === 0) continue;
    const [help, unit] = [symbols.text(helpRef), symbols.text(unitRef)];
    found = { type: metricType(type), help, unit };
  }
  return found;
}

function readMetadata(entry: WireCursor): [type: number, helpRef: number, unitRef: number] {
  let [type, helpRef, unitRef] = [0, 0, 0];
  for (let tag = readTag(entry); tag !== 0; tag = readTag(entry)) {
    if (tag === METADATA_TYPE_TAG) type = readVarint(entry);
    else if (tag === METADATA_HELP_TAG) helpRef = readVarint(entry);
    else if (tag === METADATA_UNIT_TAG) unitRef = readVarint(entry);
    else skipField(entry, tag);
  }
  return [type, helpRef, unitRef];
}
