// The room as one service: the engine, its HTTP routes and its gRPC methods.

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { MethodCodec } from '../proto/index.ts';
import type { Clock, MetadataStore, Storage } from '../storage/index.ts';
import { createCardinality } from './cardinality.ts';
import { createCatalog } from './catalog.ts';
import { createQueryEngine, type EngineOptions, type QueryEngine } from './engine.ts';
import { createGrpcMethods, QUERY_CODECS } from './grpc/methods.ts';
import { registerRoutes } from './http/routes.ts';
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';
import { createQueryMetrics, type QueryMetrics } from './metrics.ts';

export interface QueryServiceOptions {
  readonly storage: Storage;
  /** What is known of metrics, for `/api/v1/metadata`; default: nothing. */
  readonly metadata?: Pick<MetadataStore, 'get' | 'entries'>;
  /** What is left out is as DEFAULT_LIMITS says. */
  readonly limits?: Partial<QueryLimits>;
  readonly registry: Registry;
  /** A service over another view of the same storage, whose limits and metrics hold for both. */
  readonly beside?: QueryService;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** See EngineOptions; still owned by the caller. */
  readonly threads?: EngineOptions['threads'];
  /** For `/api/v1/status/buildinfo`; default: not told. */
  readonly version?: string;
  /** Told of what each query has cost; default: nobody. */
  readonly onEnd?: EngineOptions['onEnd'];
  /** Told of errors that are no user's doing; default: nobody. */
  readonly onError?: (error: unknown) => void;
}

const NO_METADATA = { get: () => [], entries: () => [] };

export interface QueryService {
  readonly metrics: QueryMetrics;
  readonly engine: QueryEngine;
  /** Adds the Prometheus HTTP API to an app that does not listen yet. */
  registerRoutes(app: FastifyInstance): void;
  /** For the service of QueryService in proto, together with `codecs`. */
  readonly implementation: UntypedServiceImplementation;
  /** Answers with points are encoded by hand. */
  readonly codecs: Readonly<Record<string, MethodCodec>>;
}

export function createQueryService(options: QueryServiceOptions): QueryService {
  const { storage, registry, clock, version = '', onError = () => {} } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const engine = createQueryEngine(storage, limits, {
    nowMs: () => clock.nowMs(),
    onEnd: options.onEnd,
    threads: options.threads,
    gate: options.beside?.engine.gate,
  });
  const catalog = createCatalog(storage, limits);
  const metrics = options.beside?.metrics ?? createQueryMetrics(registry, engine);
  const context = {
    engine,
    catalog,
    limits,
    metrics,
    storage,
    metadata: options.metadata ?? NO_METADATA,
    cardinality: createCardinality(storage, () => performance.now()),
    nowMs: () => clock.nowMs(),
    version,
    onError,
  };
  return {
    engine,
    metrics,
    registerRoutes: (app) => registerRoutes(app, context),
    implementation: createGrpcMethods({ storage, engine, catalog, metrics, onError }),
    codecs: QUERY_CODECS,
  };
}
