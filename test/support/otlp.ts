// OTLP metrics for tests: requests from plain values, and what becomes of them as lines of text.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { walkMetrics } from '../../ingest/decode/otlp-metrics.ts';
import { createOtlpNamer } from '../../ingest/decode/otlp-names.ts';
import { createContextIds } from '../../ingest/otlp/contexts.ts';
import { createMetricsMapper } from '../../ingest/otlp/metrics-mapper.ts';
import { createPointLedger } from '../../ingest/otlp/point-ledger.ts';
import { DEFAULT_OTLP_SETTINGS, type OtlpSettings } from '../../ingest/otlp/settings.ts';
import type { Reason } from '../../ingest/reasons.ts';
import type { SeriesBatch } from '../../ingest/series-batch.ts';
import { createSeriesCaches } from '../../ingest/series-cache.ts';
import type { MetricSchema } from '../../proto/gen/opentelemetry/proto/metrics/v1/metrics_pb.ts';
import {
  type AnyValueSchema,
  ExportMetricsServiceRequestSchema,
  type KeyValueSchema,
} from '../../proto/index.ts';
import { createMetadataStore, type Label, type MetadataStore } from '../../storage/index.ts';

export type MetricsRequestInit = MessageInitShape<typeof ExportMetricsServiceRequestSchema>;
export type MetricInit = MessageInitShape<typeof MetricSchema>;
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | MessageInitShape<typeof AnyValueSchema>;

export function encodeMetrics(request: MetricsRequestInit): Buffer {
  const message = create(ExportMetricsServiceRequestSchema, request);
  return Buffer.from(toBinary(ExportMetricsServiceRequestSchema, message));
}

/** `service.name` and the like from an object; numbers become doubles, bigints integers. */
export function toKeyValues(
  attributes: Readonly<Record<string, AttributeValue>>,
): MessageInitShape<typeof KeyValueSchema>[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

export function toAnyValue(value: AttributeValue): MessageInitShape<typeof AnyValueSchema> {
  if (typeof value === 'string') return { value: { case: 'stringValue', value } };
  if (typeof value === 'number') return { value: { case: 'doubleValue', value } };
  if (typeof value === 'bigint') return { value: { case: 'intValue', value } };
  if (typeof value === 'boolean') return { value: { case: 'boolValue', value } };
  if (value instanceof Uint8Array) return { value: { case: 'bytesValue', value } };
  return value;
}

/** One resource with one scope. */
export function requestOf(
  metrics: readonly MetricInit[],
  resource: Readonly<Record<string, AttributeValue>> = {},
): MetricsRequestInit {
  return {
    resourceMetrics: [
      {
        resource: { attributes: toKeyValues(resource) },
        scopeMetrics: [{ scope: { name: 'lib', version: '1.2' }, metrics: [...metrics] }],
      },
    ],
  };
}

export function nanos(timestampMs: number): bigint {
  return BigInt(timestampMs) * 1_000_000n;
}

export interface Mapped {
  /** `name{label="value"} value @timestamp`, in their order; `stale` for the marker. */
  readonly lines: string[];
  /** By reason. */
  readonly rejected: ReadonlyMap<Reason, number>;
  readonly rejectedDataPoints: number;
  /** Positions of changes to be added up. */
  readonly deltas: number[];
  readonly metadata: MetadataStore;
}

/** What becomes of a request before any of it is stored. */
export function mapMetrics(
  request: MetricsRequestInit | Buffer,
  over: Partial<OtlpSettings> = {},
): Mapped {
  const settings = { ...DEFAULT_OTLP_SETTINGS, ...over };
  const ledger = createPointLedger();
  const metadata = createMetadataStore(1024 * 1024);
  const deltas: number[] = [];
  const { batch, lines, rejected } = recordingBatch();
  const mapper = createMetricsMapper({
    ...{ batch, ledger, metadata, pointsMax: 1_000_000 },
    translation: {
      settings,
      namer: createOtlpNamer(settings.translation),
      ids: createContextIds(createSeriesCaches(1024 * 1024).open()),
    },
    onDelta: (position) => deltas.push(position),
  });
  for (const _ of walkMetrics(Buffer.isBuffer(request) ? request : encodeMetrics(request), mapper));
  for (const at of rejected.positions) ledger.rejectAt(at);
  return {
    lines,
    rejected: rejected.counts,
    rejectedDataPoints: ledger.rejected,
    deltas,
    metadata,
  };
}

/** Asks for the labels each time, so that a key that stands for two series is found out. */
function recordingBatch() {
  const labelsOfKey = new Map<string, string>();
  const slots: (string | undefined)[] = [];
  const lines: string[] = [];
  const counts = new Map<Reason, number>();
  const positions: number[] = [];
  let size = 0;
  const count = (reason: Reason, points = 1) =>
    counts.set(reason, (counts.get(reason) ?? 0) + points);
  const refused = new Map<number, Reason>();
  function addLine(slot: number, timestampMs: number, value: string): void {
    const reason = refused.get(slot);
    if (reason === undefined) lines.push(`${slots[slot]} ${value} @${timestampMs}`);
    else {
      count(reason);
      positions.push(size);
    }
    size++;
  }
  const batch: SeriesBatch = {
    get size() {
      return size;
    },
    series(key, labels) {
      const read = labels();
      if (typeof read === 'string') {
        refused.set(slots.length, read);
        return slots.push(undefined) - 1;
      }
      const text = seriesText(read);
      const before = labelsOfKey.get(key) ?? text;
      if (before !== text) throw new Error(`one key for ${before} and ${text}`);
      labelsOfKey.set(key, text);
      return slots.push(text) - 1;
    },
    add: (slot, timestampMs, value) => addLine(slot, timestampMs, String(value)),
    addBits(slot, timestampMs, low, high) {
      const isStale = low === 2 && high === 0x7ff00000;
      const value = new Float64Array(Uint32Array.of(low, high).buffer)[0];
      addLine(slot, timestampMs, isStale ? 'stale' : String(value));
    },
    reject: count,
  };
  return { batch, lines, rejected: { counts, positions } };
}

function seriesText(labels: readonly Label[]): string {
  const name = labels.find((label) => label.name === '__name__')?.value;
  const others = labels.filter((label) => label.name !== '__name__' && label.value !== '');
  const sorted = others.map((label) => `${label.name}="${label.value}"`).sort();
  return `${name}{${sorted.join(',')}}`;
}
