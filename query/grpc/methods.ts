// varve.v1.QueryService: handlers, thin, over the engine, the catalog and storage.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type {
  LabelNamesRequest,
  LabelNamesResponseSchema,
  LabelValuesRequest,
  LabelValuesResponseSchema,
  MethodCodec,
  QueryInstantRequest,
  QueryRangeRequest,
  ScanRangeRequest,
  SeriesRequest,
  SeriesResponseSchema,
} from '../../proto/index.ts';
import type { Storage, TimeRange } from '../../storage/index.ts';
import type { Catalog, Selectors } from '../catalog.ts';
import type { QueryEngine } from '../engine.ts';
import { QueryError } from '../errors.ts';
import type { QueryMetrics } from '../metrics.ts';
import { endAfter } from '../time-range.ts';
import { type OnError, serverStream, unary } from './call.ts';
import { encodeQueryResponse } from './encode.ts';
import { queryResponses, wireSeries } from './results.ts';
import { scanMessages } from './scan.ts';
import { scanEventMessages } from './scan-events.ts';

export interface GrpcContext {
  readonly storage: Storage;
  readonly engine: QueryEngine;
  readonly catalog: Catalog;
  readonly metrics: QueryMetrics;
  readonly onError: OnError;
}

/** Their handlers hand over messages that are bytes already. */
const ENCODED: MethodCodec = {
  responseSerialize: (message) => {
    const bytes = message as Uint8Array;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  },
};

export const QUERY_CODECS: Readonly<Record<string, MethodCodec>> = {
  QueryInstant: ENCODED,
  QueryRange: ENCODED,
  ScanRange: ENCODED,
};

export function createGrpcMethods(context: GrpcContext): UntypedServiceImplementation {
  const { storage, engine, catalog, metrics, onError } = context;

  async function queryInstant(
    request: QueryInstantRequest,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const timeMs = Number(request.timeMs);
    const result = await metrics.observe('instant', () => {
      return engine.instant(request.query, timeMs, { signal });
    });
    return encodeQueryResponse([...wireSeries(result)], result.warnings);
  }

  async function* queryRange(
    request: QueryRangeRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const [startMs, endMs] = [Number(request.startMs), Number(request.endMs)];
    const range = { startMs, endMs, stepMs: Number(request.stepMs) };
    const result = await metrics.observe('range', () => {
      return engine.range(request.query, range, { signal });
    });
    yield* queryResponses(result);
  }

  function scanRange(request: ScanRangeRequest, signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (request.selectors.length === 0) {
      throw new QueryError('bad_data', 'selectors: at least one is needed');
    }
    const range = { startMs: Number(request.startMs), endMs: endAfter(Number(request.endMs)) };
    const selectors = catalog.selectors(request.selectors);
    return scanAll(selectors, range, signal);
  }

  /** Points, then events: a stream's are not told twice. */
  async function* scanAll(
    selectors: Selectors,
    range: TimeRange,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    yield* scanMessages(storage.scan({ selectors, ...range, signal, withoutEvents: true }));
    const start = { ms: range.startMs, nanos: 0 };
    const end = { ms: range.endMs, nanos: 0 };
    yield* scanEventMessages(storage.scanEvents({ selectors, start, end, signal }));
  }

  async function series(
    request: SeriesRequest,
  ): Promise<MessageInitShape<typeof SeriesResponseSchema>> {
    if (request.selectors.length === 0) {
      throw new QueryError('bad_data', 'selectors: at least one is needed');
    }
    const selectors = catalog.selectors(request.selectors);
    const { items, warnings } = await catalog.series(selectors, rangeOf(request), limitOf(request));
    return { series: items.map((labels) => ({ labels: [...labels] })), warnings: [...warnings] };
  }

  async function labelNames(
    request: LabelNamesRequest,
  ): Promise<MessageInitShape<typeof LabelNamesResponseSchema>> {
    const selectors = catalog.selectors(request.selectors);
    const listing = await catalog.labelNames(selectors, rangeOf(request), limitOf(request));
    return { names: [...listing.items], warnings: [...listing.warnings] };
  }

  async function labelValues(
    request: LabelValuesRequest,
  ): Promise<MessageInitShape<typeof LabelValuesResponseSchema>> {
    const { labelName } = request;
    if (labelName === '') throw new QueryError('bad_data', 'label_name: must not be empty');
    const selectors = catalog.selectors(request.selectors);
    const [range, limit] = [rangeOf(request), limitOf(request)];
    const listing = await catalog.labelValues(labelName, selectors, range, limit);
    return { values: [...listing.items], warnings: [...listing.warnings] };
  }

  return {
    QueryInstant: unary(queryInstant, onError),
    QueryRange: serverStream(queryRange, onError),
    ScanRange: serverStream(scanRange, onError),
    Series: unary(series, onError),
    LabelNames: unary(labelNames, onError),
    LabelValues: unary(labelValues, onError),
  };
}

/** Both ends 0 are all time. */
function rangeOf(request: { startMs: bigint; endMs: bigint }): TimeRange | undefined {
  if (request.startMs === 0n && request.endMs === 0n) return undefined;
  return { startMs: Number(request.startMs), endMs: endAfter(Number(request.endMs)) };
}

function limitOf(request: { limit: number }): number {
  return request.limit === 0 ? Infinity : request.limit;
}
