// Data points of OTLP as points of series, the way Prometheus's OTLP receiver maps them: a number
// is one point; a histogram is `_bucket`, `_sum` and `_count`; a summary has its quantiles instead
// of buckets; a resource is the series `target_info`. Start times are not kept.
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

import type { Label, MetadataStore } from '../../storage/index.ts';
import type { LabelBytes } from '../decode/labels.ts';
import { decodeAttributes } from '../decode/otlp/attributes.ts';
import {
  type ClassicBuckets,
  decimalText,
  explicitBuckets,
  exponentialBuckets,
} from '../decode/otlp/buckets.ts';
import { type HistogramPoint, POINT_PARTS_MAX } from '../decode/otlp/distributions.ts';
import { type LabelMap, pointLabels, seriesLabels } from '../decode/otlp/labels.ts';
import type { MetricsVisitor } from '../decode/otlp/metrics.ts';
import type { DataPoint, DoubleWords } from '../decode/otlp/points.ts';
import { fromWords, NO_BYTES } from '../decode/otlp/wire.ts';
import { IngestError, tooManyText } from '../errors.ts';
import type { Reason } from '../reasons.ts';
import type { SeriesBatch } from '../series-batch.ts';
import {
  type MetricContext,
  metricContext,
  type ResourceContext,
  resourceContext,
  type ScopeContext,
  scopeContext,
  type Translation,
} from './contexts.ts';
import type { PointLedger } from './point-ledger.ts';
import { createSeriesKeys } from './series-keys.ts';

/** Prometheus's stale marker: a NaN of its own. */
const STALE: DoubleWords = { low: 2, high: 0x7ff00000 };

/** Half of the usual lookback: between two points of a late batch target_info is never stale. */
const TARGET_INTERVAL_MS = 150_000;
/** Of one resource in one request: for 12 hours. */
const TARGET_POINTS_MAX = 288;

export interface MetricsMapperOptions {
  readonly batch: SeriesBatch;
  readonly ledger: PointLedger;
  readonly translation: Translation;
  readonly metadata: MetadataStore;
  /** Points of series that one request may have. */
  readonly pointsMax: number;
  /** Told the positions in the batch of changes that are to be added up. */
  readonly onDelta: (position: number) => void;
}

export function createMetricsMapper(options: MetricsMapperOptions): MetricsVisitor {
  const { batch, ledger, translation, metadata, pointsMax, onDelta } = options;
  const keys = createSeriesKeys();
  let resource: ResourceContext;
  let scope: ScopeContext;
  let metric: MetricContext;
  /** Of the resource's points. */
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  /** Of the data point at hand. */
  let attributes: LabelBytes = NO_BYTES;
  let labels: LabelMap | Reason | undefined;

  /** False when the point is not stored. */
  function begin(point: DataPoint, reason = metric.refusal): boolean {
    if (batch.size() > pointsMax) {
      throw new IngestError('TOO_LARGE', tooManyText(pointsMax, 'points'));
    }
    if (point.exemplars > 0) batch.reject('exemplar', point.exemplars);
    if (reason !== undefined) {
      batch.reject(reason);
      ledger.reject(1);
      return false;
    }
    // Written only when they change: each write of a double that closures share allocates.
    if (point.timestampMs < oldestMs) oldestMs = point.timestampMs;
    if (point.timestampMs > newestMs) newestMs = point.timestampMs;
    attributes = point.attributes;
    keys.setAttributes(attributes);
    labels = undefined;
    return true;
  }

  /** Only asked for series that are new, and once for all of a point. */
  function baseLabels(): LabelMap | Reason {
    labels ??= pointLabels(
      decodeAttributes(attributes),
      resource.labels(),
      scope.labels(),
      translation.namer,
    );
    return labels;
  }

  /** `part` tells the series of one data point apart. */
  function slotOf(part: string, suffix: string, extra?: Label): number {
    return batch.seriesAt(keys.bytes, 0, keys.keyEnd(part), () => {
      const name = metric.name();
      if (name === undefined) return 'untranslatable_name';
      return seriesLabels(baseLabels(), `${name}${suffix}`, extra);
    });
  }

  function addWords(slot: number, point: DataPoint, words: DoubleWords): void {
    const { low, high } = point.isUnrecorded ? STALE : words;
    if (metric.isDelta && !point.isUnrecorded) onDelta(batch.size());
    batch.addBits(slot, point.timestampMs, low, high);
  }

  function addNumber(slot: number, point: DataPoint, value: number): void {
    if (point.isUnrecorded) {
      batch.addBits(slot, point.timestampMs, STALE.low, STALE.high);
      return;
    }
    if (metric.isDelta) onDelta(batch.size());
    batch.add(slot, point.timestampMs, value);
  }

  function addHistogram(
    point: Pick<HistogramPoint, 'count' | 'hasSum' | 'sum'> & DataPoint,
    { bounds, counts }: ClassicBuckets,
  ): void {
    if (point.hasSum) addWords(slotOf('s', '_sum'), point, point.sum);
    addNumber(slotOf('c', '_count'), point, point.count);
    for (let i = 0; i < bounds.length; i++) addBucket(point, bounds[i]!, counts[i]!);
    addBucket(point, Number.POSITIVE_INFINITY, point.count);
    ledger.close(batch.size());
  }

  function addBucket(point: DataPoint, bound: number, count: number): void {
    const value = decimalText(bound);
    addNumber(slotOf(`b${value}`, '_bucket', { name: 'le', value }), point, count);
  }

  /** Points that end at the newest of the resource, and lie no further apart than the interval. */
  function addTarget(): void {
    if (!resource.hasTarget || newestMs < oldestMs) return;
    const slot = batch.series(`${resource.id}/\0target`, () => {
      const { target } = resource.labels();
      return seriesLabels(target ?? 'no_labels', 'target_info');
    });
    const most = Math.ceil((newestMs - oldestMs) / TARGET_INTERVAL_MS);
    for (let back = Math.min(most, TARGET_POINTS_MAX - 1); back >= 0; back--) {
      batch.add(slot, Math.max(oldestMs, newestMs - back * TARGET_INTERVAL_MS), 1);
    }
    ledger.skip(batch.size());
    metadata.set('target_info', { type: 'gauge', help: 'Target metadata', unit: '' });
  }

  return {
    enterResource(range) {
      resource = resourceContext(range, translation);
      oldestMs = Number.POSITIVE_INFINITY;
      newestMs = Number.NEGATIVE_INFINITY;
    },
    enterScope(range, schemaUrl) {
      scope = scopeContext(range, schemaUrl, resource, translation);
    },
    enterMetric(header) {
      metric = metricContext(header, scope, translation, metadata);
      keys.setMetric(metric.id);
    },
    number(point) {
      const isEmpty = point.valueKind === 'none' && !point.isUnrecorded;
      if (!begin(point, isEmpty ? 'no_value' : metric.refusal)) return;
      const slot = slotOf('', '');
      // The high word of an integer has its sign.
      if (point.valueKind === 'int') addNumber(slot, point, fromWords(point.low, point.high | 0));
      else addWords(slot, point, point);
      ledger.close(batch.size());
    },
    histogram(point) {
      const isOver = Math.max(point.bounds.length, point.counts.length) > POINT_PARTS_MAX;
      if (begin(point, isOver ? 'too_many_buckets' : metric.refusal)) {
        addHistogram(point, explicitBuckets(point));
      }
    },
    exponential(point) {
      const { positive, negative } = point;
      const isOver = Math.max(positive.counts.length, negative.counts.length) > POINT_PARTS_MAX;
      if (begin(point, isOver ? 'too_many_buckets' : metric.refusal)) {
        addHistogram(point, exponentialBuckets(point));
      }
    },
    summary(point) {
      const isOver = point.quantiles.length > POINT_PARTS_MAX;
      if (!begin(point, isOver ? 'too_many_buckets' : metric.refusal)) return;
      addWords(slotOf('s', '_sum'), point, point.sum);
      addNumber(slotOf('c', '_count'), point, point.count);
      for (const { quantile, ...words } of point.quantiles) {
        const value = decimalText(quantile);
        addWords(slotOf(`q${value}`, '', { name: 'quantile', value }), point, words);
      }
      ledger.close(batch.size());
    },
    leaveResource: addTarget,
  };
}
