// How OpenTelemetry's metrics become series, and its logs events: `ingest.otlp` and `ingest.events`
// of the config.

import type { OtlpTranslation } from '../decode/otlp/names.ts';
import { STREAM_LABEL_RESOURCE, STREAM_LABEL_SEVERITY } from './log-records.ts';

export const DELTA_HANDLINGS = [
  /** Added up to totals, so that `rate` is right. */
  'accumulate',
  /** Stored as it came: `sum_over_time` adds it up. */
  'keep',
  'reject',
] as const;

export type DeltaHandling = (typeof DELTA_HANDLINGS)[number];

export interface OtlpSettings {
  readonly translation: OtlpTranslation;
  /** Keys of resource attributes that become labels of every series. */
  readonly promoteResourceAttributes: readonly string[];
  /** Whether scopes become the labels `otel_scope_*`. */
  readonly promoteScopeMetadata: boolean;
  /** What becomes of changes since the last report. */
  readonly delta: DeltaHandling;
  /** What becomes a label of a log's stream: `resource`, `severity`, and keys of attributes. */
  readonly streamLabels: readonly string[];
  /** Streams of events from which on logs begin no new ones. */
  readonly streamsMax: number;
}

/** As Prometheus has it, but for deltas, which it rejects. */
export const DEFAULT_OTLP_SETTINGS: OtlpSettings = {
  translation: 'underscore_escaping_with_suffixes',
  promoteResourceAttributes: [],
  promoteScopeMetadata: false,
  delta: 'accumulate',
  streamLabels: [STREAM_LABEL_RESOURCE, STREAM_LABEL_SEVERITY],
  streamsMax: 100_000,
};
