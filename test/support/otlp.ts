// OTLP metrics for tests: requests from plain values, and what becomes of them as lines of text.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { walkMetrics } from '../../ingest/decode/otlp/metrics.ts';
import { createOtlpNamer } from '../../ingest/decode/otlp/names.ts';
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
  type ExportMetricsServiceResponse,
  type KeyValueSchema,
  MetricsService,
  serviceDefinition,
} from '../../proto/index.ts';
import { createMetadataStore, type Label, type MetadataStore } from '../../storage/index.ts';
import { createBatchLog } from './batch-log.ts';

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

export interface MetricsClient {
  export(request: Buffer): Promise<ExportMetricsServiceResponse>;
  close(): void;
}

export function connectMetrics(address: string): MetricsClient {
  const Client = makeClientConstructor(
    serviceDefinition(MetricsService, { Export: { requestSerialize: (b) => b as Buffer } }),
    MetricsService.typeName,
  );
  const client = new Client(address, credentials.createInsecure());
  return {
    export: (request) =>
      new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, response: ExportMetricsServiceResponse) => {
          if (error === null) resolve(response);
          else reject(error);
        };
        client['Export']?.(request, done);
      }),
    close: () => client.close(),
  };
}

export function nanos(timestampMs: number): bigint {
  return BigInt(timestampMs) * 1_000_000n;
}

export interface Mapped {
  /** `name{label="value"} value @timestamp`, in their order; `stale` for the marker. */
  readonly lines: string[];
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
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
  const log = createBatchLog();
  const mapper = createMetricsMapper({
    ...{ batch: withHonestKeys(log), ledger, metadata, pointsMax: 1_000_000 },
    translation: {
      settings,
      namer: createOtlpNamer(settings.translation),
      ids: createContextIds(createSeriesCaches(1024 * 1024).open()),
    },
    onDelta: (position) => deltas.push(position),
  });
  const bytes = Buffer.isBuffer(request) ? request : encodeMetrics(request);
  for (const _ of walkMetrics(bytes, mapper, 1_000_000));
  const lines: string[] = [];
  log.points.forEach(({ labels, timestampMs, bits }, position) => {
    if (typeof labels !== 'string') {
      lines.push(`${seriesText(labels)} ${valueText(bits)} @${timestampMs}`);
      return;
    }
    log.reject(labels as Reason);
    ledger.rejectAt(position);
  });
  return { lines, rejected: log.rejected, rejectedDataPoints: ledger.rejected(), deltas, metadata };
}

/** Throws when a key stands for two series. */
function withHonestKeys(batch: SeriesBatch): SeriesBatch {
  const known = new Map<string, string>();
  const series: SeriesBatch['series'] = (key, labels) => {
    const text = JSON.stringify(labels());
    if ((known.get(key) ?? text) !== text) throw new Error(`${known.get(key)} is ${text}`);
    known.set(key, text);
    return batch.series(key, labels);
  };
  const seriesAt: SeriesBatch['seriesAt'] = (bytes, start, end, labels) =>
    series(bytes.toString('latin1', start, end), labels);
  return Object.create(batch, { series: { value: series }, seriesAt: { value: seriesAt } });
}

function valueText(bits: bigint): string {
  if (bits === 0x7ff0000000000002n) return 'stale';
  return String(new Float64Array(BigUint64Array.of(bits).buffer)[0]);
}

function seriesText(labels: readonly Label[]): string {
  const name = labels.find((label) => label.name === '__name__')?.value;
  const others = labels.filter((label) => label.name !== '__name__' && label.value !== '');
  const sorted = others.map((label) => `${label.name}="${label.value}"`).sort();
  return `${name}{${sorted.join(',')}}`;
}
