// The rooms that answer requests, over the whole storage or over the part of it that a tenant has.

import type { FastifyInstance } from 'fastify';
import { createIngestService, type FindSender, type IngestService } from '../ingest/index.ts';
import {
  IngestService as IngestDescriptor,
  LogsService as LogsDescriptor,
  MetricsService as MetricsDescriptor,
  QueryService as QueryDescriptor,
} from '../proto/index.ts';
import { createQueryService, type QueryService, type QueryThreads } from '../query/index.ts';
import type { Retention } from '../retention/index.ts';
import {
  type Clock,
  createMetadataStore,
  type Labels,
  type MetadataStore,
  type Scheduler,
  type Storage,
} from '../storage/index.ts';
import { registerAccess } from './access/http-guard.ts';
import { createTenantStorage } from './access/tenant-storage.ts';
import type { Tenant } from './access/tenants.ts';
import type { Tokens } from './access/tokens.ts';
import type { Config } from './config.ts';
import { createHttpApp } from './http/app.ts';
import type { HttpServers } from './http/http-server.ts';
import type { Logger } from './logging.ts';
import type { ServerMetrics } from './metrics.ts';
import { eventMetricRules, ingestLimits, otlpSettings, queryLimits } from './options.ts';
import type { PolicySetStatus } from './policy-set/policy-sets.ts';
import { createQueryLog } from './query-log.ts';
import type { Refusals } from './refusals.ts';

/** Type, help and unit of some 50,000 metrics. */
const METADATA_BYTES = 16 * 1024 * 1024;
const TENANT_METADATA_BYTES = 4 * 1024 * 1024;

export interface RoomsOptions {
  /** The config in force: a reload replaces it. */
  readonly config: () => Config;
  readonly tokens: () => Tokens;
  readonly findSender: FindSender;
  readonly isReady: () => boolean;
  readonly reload: () => Promise<void>;
  readonly retention: Pick<Retention, 'status' | 'sweepNow' | 'snapshot'>;
  readonly policySet: () => PolicySetStatus | undefined;
  readonly version: string;
  /** Where heavy queries are evaluated; still owned by the caller. */
  readonly threads: QueryThreads;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
  readonly refusals: Refusals;
}

export interface Rooms {
  readonly ingest: IngestService;
  readonly query: QueryService;
  readonly app: FastifyInstance;
  readonly metadata: MetadataStore;
}

interface RoomsPlace {
  /** What the app listens with; a tenant's app listens nowhere. */
  readonly servers?: HttpServers;
  readonly metadata?: MetadataStore;
  /** Rooms over another view of the same storage, whose metrics and gate are for all. */
  readonly beside?: Rooms;
}

export function createRooms(
  options: RoomsOptions,
  storage: Storage,
  { servers, metadata = createMetadataStore(METADATA_BYTES), beside }: RoomsPlace,
): Rooms {
  const { config, tokens, clock, scheduler, metrics, log, threads } = options;
  const { registry } = metrics;
  const ingest = createIngestService({
    ...{ storage, clock, scheduler, registry, metadata },
    limits: ingestLimits(config()),
    logger: log,
    otlp: otlpSettings(config()),
    eventMetrics: eventMetricRules(config()),
    findSender: options.findSender,
    ...(beside !== undefined && { beside: beside.ingest }),
  });
  const query = createQueryService({
    ...{ storage, metadata, registry, clock, threads },
    limits: queryLimits(config()),
    version: options.version,
    onEnd: createQueryLog(config, log),
    onError: (error) => log.error({ err: error }, 'a query failed on a bug'),
    ...(beside !== undefined && { beside: beside.query }),
  });
  const app = createHttpApp({ ...options, storage, servers });
  registerAccess(app, tokens, options.refusals);
  ingest.registerRoutes(app);
  query.registerRoutes(app);
  return { ingest, query, app, metadata };
}

/** Rooms beside those of everybody, over the series with `labels`. */
export function createTenantRooms(
  options: RoomsOptions,
  storage: Storage,
  labels: Labels,
  beside: Rooms,
): Rooms {
  const own = createMetadataStore(TENANT_METADATA_BYTES);
  const metadata: MetadataStore = {
    ...own,
    set(metric, told) {
      own.set(metric, told);
      beside.metadata.set(metric, told);
    },
  };
  return createRooms(options, createTenantStorage(storage, labels), { metadata, beside });
}

/** What answers over gRPC, with the service that it implements. */
export function grpcServices({ ingest, query }: Rooms) {
  return [
    { descriptor: IngestDescriptor, methods: ingest },
    { descriptor: MetricsDescriptor, methods: ingest.otlpMetrics },
    { descriptor: LogsDescriptor, methods: ingest.otlpLogs },
    { descriptor: QueryDescriptor, methods: query },
  ];
}

/** What answers a tenant's requests. */
export function toTenant(rooms: Rooms): Tenant {
  const { app } = rooms;
  return {
    listener: (request, response) => {
      void app.ready().then(() => app.routing(request, response));
    },
    services: Object.fromEntries(
      grpcServices(rooms).map(({ descriptor, methods }) => {
        return [descriptor.typeName, methods.implementation];
      }),
    ),
  };
}
