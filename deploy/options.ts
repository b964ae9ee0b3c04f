// The config's values as the options of each room.

import {
  type EventMetricRule,
  type IngestLimits,
  type OtlpSettings,
  parseEventAmount,
} from '../ingest/index.ts';
import type { QueryLimits } from '../query/index.ts';
import { createPolicySet } from '../retention/index.ts';
import type { StorageListener, StorageOptions } from '../storage/index.ts';
import { type Config, parseEventMatch, retentionRules } from './config.ts';
import type { HttpTimeouts } from './http/http-server.ts';

export function storageOptions(config: Config, listener: Partial<StorageListener>): StorageOptions {
  const { wal, memtable, compaction, index, reserve } = config.storage;
  const { block_cache, series_cache, pinned, scrub_every } = config.storage;
  return {
    wal: { sync: wal.sync, intervalMs: wal.interval },
    memtable: { bytesMax: memtable.size, ageMsMax: memtable.max_age },
    compaction: {
      rate: compaction.rate,
      fanIn: compaction.fan_in,
      slowdownTables: compaction.slowdown_tables,
      stopTables: compaction.stop_tables,
      closedWhenAsked: true,
    },
    index: {
      levelZeroTables: index.level_zero_tables,
      levelRatio: index.level_ratio,
      bloomBitsPerKey: index.bloom_bits_per_key,
    },
    blockCacheBytes: block_cache,
    series: { cacheBytes: series_cache },
    pinnedBytes: pinned,
    scrubEveryMs: scrub_every,
    reserveBytes: reserve,
    policies: createPolicySet(retentionRules(config).policies),
    listener,
  };
}

export function ingestLimits({
  ingest: { limits, max_past, max_future },
}: Config): Partial<IngestLimits> {
  return {
    series: limits.series,
    seriesPerMetric: limits.series_per_metric ?? Number.POSITIVE_INFINITY,
    labelsPerSeries: limits.labels_per_series,
    labelValueBytes: limits.label_value_bytes,
    eventBytes: limits.event_bytes,
    messageBytes: limits.message,
    pointsPerSecond: limits.points_per_second ?? Number.POSITIVE_INFINITY,
    maxPastMs: max_past,
    maxFutureMs: max_future,
  };
}

export function httpTimeouts({ http }: Config): HttpTimeouts {
  const { header_timeout, body_timeout, idle_timeout } = http;
  return { headersMs: header_timeout, bodyMs: body_timeout, idleMs: idle_timeout };
}

export function otlpSettings({ ingest: { otlp, events } }: Config): OtlpSettings {
  return {
    translation: otlp.translation,
    promoteResourceAttributes: otlp.promote_resource_attributes,
    promoteScopeMetadata: otlp.promote_scope_metadata,
    delta: otlp.delta,
    streamLabels: events.stream_labels,
    streamsMax: events.max_streams,
  };
}

export function eventMetricRules({ ingest }: Config): readonly EventMetricRule[] {
  return ingest.event_metrics.map(({ name, match, by, value }) => ({
    name,
    ...parseEventMatch(match),
    by,
    amount: value === null ? undefined : parseEventAmount(value),
  }));
}

export function queryLimits({ query }: Config): Partial<QueryLimits> {
  return {
    lookbackMs: query.lookback,
    stepsMax: query.max_steps,
    seriesMax: query.max_series,
    samplesMax: query.max_samples,
    bytesMax: query.max_bytes,
    expressionBytesMax: query.max_expression,
    depthMax: query.max_depth,
    timeoutMs: query.timeout,
    concurrentMax: query.max_concurrent,
  };
}
