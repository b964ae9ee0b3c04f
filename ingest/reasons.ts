// Why single points and events are rejected while the rest of their request is stored.

import type { Rejection } from '../proto/index.ts';
import type { IngestLimits } from './limits.ts';

/** Stable names, also in varve_ingest_rejected_points_total. */
export const REASONS = [
  'no_labels',
  'empty_label_name',
  'duplicate_label_name',
  'too_many_labels',
  'label_name_too_long',
  'label_value_too_long',
  'series_limit',
  'series_per_metric_limit',
  'token_series_limit',
  'token_series_per_metric_limit',
  'timestamp_out_of_range',
  'too_old',
  'expired',
  'too_far_in_future',
  'event_too_long',
  'event_attributes',
  'stream_limit',
  'invalid_text',
  'malformed_line',
  'not_a_number',
  'native_histogram',
  'exemplar',
  'untranslatable_name',
  'no_value',
  'too_many_buckets',
  'temporality',
  'late_delta',
  'delta_limit',
  'event_counters_limit',
] as const;

export type Reason = (typeof REASONS)[number];

/** How many reasons an answer names. */
const NAMED_MAX = 16;
/** How many details it names of each. */
const DETAILS_MAX = 4;

/** Ids from here on name no series: they say why there is none. */
export const REJECTED_ID_MIN = 0xffff_ff00;

export function rejectedId(reason: Reason): number {
  return REJECTED_ID_MIN + REASONS.indexOf(reason);
}

/** Points rejected in one request, by reason. */
export interface Rejections {
  add(reason: Reason, points?: number): void;
  /** For a point whose id is at least REJECTED_ID_MIN. */
  addId(id: number): void;
  addAll(others: Rejections): void;
  /** Has answers say this of the reason, beside other details, instead of what is always said. */
  explain(reason: Reason, detail: string): void;
  details(reason: Reason): readonly string[];
  total(): number;
  count(reason: Reason): number;
  /** Most frequent first. */
  entries(): [Reason, number][];
}

export function createRejections(): Rejections {
  const counts = new Uint32Array(REASONS.length);
  const detailsOf = new Map<Reason, string[]>();
  const addAt = (index: number, points: number) => {
    counts[index]! += points;
  };
  const explain = (reason: Reason, detail: string) => {
    const details = detailsOf.get(reason) ?? [];
    if (details.length === DETAILS_MAX || details.includes(detail)) return;
    detailsOf.set(reason, [...details, detail]);
  };
  return {
    explain,
    details: (reason) => detailsOf.get(reason) ?? [],
    add: (reason, points = 1) => addAt(REASONS.indexOf(reason), points),
    addId: (id) => addAt(id - REJECTED_ID_MIN, 1),
    addAll(others) {
      for (const [reason, points] of others.entries()) {
        addAt(REASONS.indexOf(reason), points);
        for (const detail of others.details(reason)) explain(reason, detail);
      }
    },
    total: () => counts.reduce((sum, count) => sum + count, 0),
    count: (reason) => counts[REASONS.indexOf(reason)]!,
    entries: () =>
      REASONS.map((reason, index): [Reason, number] => [reason, counts[index]!])
        .filter(([, count]) => count > 0)
        .sort(([, a], [, b]) => b - a),
  };
}

/** As an answer says it: names the config key that decided, where there is one. */
export function toMessages(
  rejections: Rejections,
  limits: IngestLimits,
): Pick<Rejection, 'count' | 'reason'>[] {
  return rejections
    .entries()
    .slice(0, NAMED_MAX)
    .map(([reason, count]) => ({
      count: BigInt(count),
      reason: reasonText(reason, rejections, limits),
    }));
}

/** Why points were rejected, with what is known of these. */
export function reasonText(reason: Reason, rejections: Rejections, limits: IngestLimits): string {
  const details = rejections.details(reason);
  return details.length > 0 ? details.join('; ') : describe(reason, limits);
}

function describe(reason: Reason, limits: IngestLimits): string {
  switch (reason) {
    case 'no_labels':
      return 'series without labels';
    case 'empty_label_name':
      return 'empty label name';
    case 'duplicate_label_name':
      return 'label name given twice in a series';
    case 'too_many_labels':
      return `more than ${limits.labelsPerSeries} labels (ingest.limits.labels_per_series)`;
    case 'label_name_too_long':
      return `label name over ${limits.labelValueBytes} bytes (ingest.limits.label_value_bytes)`;
    case 'label_value_too_long':
      return `label value over ${limits.labelValueBytes} bytes (ingest.limits.label_value_bytes)`;
    case 'series_limit':
      return `new series past the limit of ${limits.series} (ingest.limits.series)`;
    case 'series_per_metric_limit':
      return 'new series of a metric with as many as it may have (ingest.limits.series_per_metric)';
    case 'token_series_limit':
      return 'new series past the limit of the token (auth.tokens limits.series)';
    case 'token_series_per_metric_limit':
      return 'new series of a metric with as many as the token may have (limits.series_per_metric)';
    case 'timestamp_out_of_range':
      return 'timestamp beyond +-2^53 ms';
    case 'too_old':
      return `timestamp more than ${limits.maxPastMs} ms in the past (ingest.max_past)`;
    case 'expired':
      return "timestamp older than its policy's keep (retention.policies)";
    case 'too_far_in_future':
      return `timestamp more than ${limits.maxFutureMs} ms in the future (ingest.max_future)`;
    case 'stream_limit':
      return 'new stream of events past the limit (ingest.events.max_streams)';
    case 'event_too_long':
      return `event over ${limits.eventBytes} bytes with attributes (ingest.limits.event_bytes)`;
    case 'event_attributes':
      return (
        'event with attributes without a name, of one name, ' +
        `or more than ${limits.eventAttributes}`
      );
    case 'invalid_text':
      return 'label that is not valid Unicode';
    case 'malformed_line':
      return 'line that cannot be read';
    case 'not_a_number':
      return 'value that is not a number';
    case 'native_histogram':
      return 'native histograms are not stored: send classic buckets';
    case 'exemplar':
      return 'exemplars are not stored';
    case 'untranslatable_name':
      return 'name of a metric or attribute of which nothing is left (ingest.otlp.translation)';
    case 'no_value':
      return 'data point without a value';
    case 'too_many_buckets':
      return 'data point with too many buckets or quantiles';
    case 'temporality':
      return 'aggregation temporality that is not cumulative (ingest.otlp.delta)';
    case 'late_delta':
      return 'delta that is older than one of its series that was added up already';
    case 'delta_limit':
      return 'delta of one series more than can be added up (ingest.otlp.delta: keep adds up none)';
    case 'event_counters_limit':
      return 'event for a further counter, with as many as there can be (ingest.event_metrics)';
  }
}
