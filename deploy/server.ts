// The composition root: storage in, a server that answers on two ports out.

import type { FastifyInstance } from 'fastify';
import {
  createGrpcServer,
  createIngestService,
  type GrpcServer,
  type IngestService,
} from '../ingest/index.ts';
import {
  IngestService as IngestDescriptor,
  LogsService as LogsDescriptor,
  MetricsService as MetricsDescriptor,
  QueryService as QueryDescriptor,
} from '../proto/index.ts';
import { createQueryService } from '../query/index.ts';
import { type Retention, startRetention } from '../retention/index.ts';
import { type Clock, createMetadataStore, type Scheduler, type Storage } from '../storage/index.ts';
import {
  type Address,
  type Config,
  configChanges,
  configText,
  formatAddress,
  isLoopback,
  policyConfigs,
  reloaded,
} from './config.ts';
import { createHttpApp } from './http/app.ts';
import { listenGrpc, listenHttp, reachable } from './listen.ts';
import type { Logger } from './logging.ts';
import type { ServerMetrics } from './metrics.ts';
import { ingestLimits, otlpSettings, queryLimits } from './options.ts';
import { createQueryLog } from './query-log.ts';
import { type SelfMonitoring, startSelfMonitoring } from './self-monitoring/monitor.ts';
import { registrySamples } from './self-monitoring/registry.ts';

/**
 * Calls and requests still under way this long after a shutdown began are cut off, ms. Half of what
 * container runtimes wait before they kill, so that the flush has the other half.
 */
const SHUTDOWN_GRACE_MS = 5_000;

/** Type, help and unit of some 50,000 metrics. */
const METADATA_BYTES = 16 * 1024 * 1024;

export interface ServerOptions {
  readonly config: Config;
  /** The config as it stands now, for a reload; throws UserError when it has mistakes. */
  readonly readConfig: () => Config;
  /** Still owned by the caller, who closes it after `stop`. */
  readonly storage: Storage;
  readonly version: string;
  readonly serverId: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
}

export interface RunningServer {
  /** With the real ports, also where the config says 0. */
  readonly grpc: Address;
  readonly http: Address;
  /** Takes over what can change while running; rejects, and changes nothing, on any mistake. */
  reload(): Promise<void>;
  /** Takes no more writes, finishes those under way, closes both ports. */
  stop(): Promise<void>;
}

/** What changes while the server lives. */
interface ServerState {
  config: Config;
  isReady: boolean;
  selfMonitoring: SelfMonitoring | undefined;
}

interface Parts {
  readonly retention: Retention;
  readonly ingest: IngestService;
  readonly grpcServer: GrpcServer;
  readonly app: FastifyInstance;
}

/** Resolves once both ports answer; rejects with UserError when one cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const state: ServerState = { config: options.config, isReady: false, selfMonitoring: undefined };
  const reload = (): Promise<void> => reloadConfig(options, state, parts);
  const parts = await createParts(options, state, reload);
  try {
    const grpc = await listenGrpc(parts.grpcServer, state.config.grpc.listen);
    const http = await listenHttp(parts.app, state.config.http.listen);
    if (state.config.self_monitoring) state.selfMonitoring = watchItself(options, grpc, http);
    warnOfOpenDoors(options, [grpc, http]);
    state.isReady = true;
    return { grpc, http, reload, stop: () => stopServer(options, state, parts) };
  } catch (error) {
    await stopServer(options, state, parts);
    throw error;
  }
}

async function createParts(
  options: ServerOptions,
  state: ServerState,
  reload: () => Promise<void>,
): Promise<Parts> {
  const { config, storage, serverId, clock, scheduler, metrics, log } = options;
  const { registry } = metrics;
  // Before any point is written: what is stored now tells whether the clock can be believed.
  const retention = await startRetention({
    storage,
    sweepEveryMs: config.retention.sweep_every,
    redisUrl: config.retention.redis ?? undefined,
    serverId,
    clock,
    scheduler,
    logger: log,
    registry,
  });
  const limits = ingestLimits(config);
  const metadata = createMetadataStore(METADATA_BYTES);
  const ingest = createIngestService({
    ...{ storage, limits, clock, registry, metadata },
    logger: log,
    otlp: otlpSettings(config),
  });
  const query = createQueryService({
    storage,
    metadata,
    limits: queryLimits(config),
    registry,
    clock,
    version: options.version,
    onEnd: createQueryLog(() => state.config, log),
    onError: (error) => log.error({ err: error }, 'a query failed on a bug'),
  });

  const grpcServer = createGrpcServer({ messageBytes: config.ingest.limits.message });
  grpcServer.addService(IngestDescriptor, ingest.implementation, ingest.codecs);
  const { otlpMetrics, otlpLogs } = ingest;
  grpcServer.addService(MetricsDescriptor, otlpMetrics.implementation, otlpMetrics.codecs);
  grpcServer.addService(LogsDescriptor, otlpLogs.implementation, otlpLogs.codecs);
  grpcServer.addService(QueryDescriptor, query.implementation, query.codecs);

  const app = createHttpApp({
    config: () => state.config,
    isReady: () => state.isReady,
    storage,
    metrics,
    log,
    reload,
  });
  ingest.registerRoutes(app);
  query.registerRoutes(app);
  return { retention, ingest, grpcServer, app };
}

function watchItself(options: ServerOptions, grpc: Address, http: Address): SelfMonitoring {
  const { storage, clock, scheduler, metrics, log } = options;
  return startSelfMonitoring({
    target: reachable(grpc),
    instance: formatAddress(http),
    readServer: async () => registrySamples(await metrics.refreshed(storage).getMetricsAsJSON()),
    clock,
    scheduler,
    log,
  });
}

/** The config had to say so (`auth.open`), and may have said so long ago. */
function warnOfOpenDoors({ config, log }: ServerOptions, addresses: readonly Address[]): void {
  const open = addresses.filter(({ host }) => !isLoopback(host)).map(formatAddress);
  if (config.auth.tokens.length > 0 || open.length === 0) return;
  log.warn({ addresses: open }, 'everybody who reaches these addresses may read and write');
}

async function reloadConfig(
  { readConfig, log }: ServerOptions,
  state: ServerState,
  { retention, ingest }: Parts,
): Promise<void> {
  const next = readConfig();
  const changes = configChanges(configText(state.config), configText(next));
  await retention.setPolicies(policyConfigs(next));
  state.config = reloaded(state.config, next);
  ingest.setLimits(ingestLimits(state.config));
  ingest.setOtlp(otlpSettings(state.config));
  for (const { key, from, to, needsRestart } of changes) {
    if (needsRestart) log.warn({ key, from, to }, 'reload: takes effect after a restart');
    else log.info({ key, from, to }, 'reload: changed');
  }
  if (changes.length === 0) log.info('reload: nothing has changed');
}

/** Readers are served until the last write is answered; what is not over by then is cut off. */
async function stopServer(
  { scheduler }: ServerOptions,
  state: ServerState,
  { retention, ingest, grpcServer, app }: Parts,
): Promise<void> {
  state.isReady = false;
  grpcServer.setServing(false);
  await state.selfMonitoring?.stop();
  await ingest.drain();
  await retention.stop();
  const cancel = scheduler.after(SHUTDOWN_GRACE_MS, () => app.server.closeAllConnections());
  await Promise.all([grpcServer.close(SHUTDOWN_GRACE_MS), app.close()]);
  cancel();
}
