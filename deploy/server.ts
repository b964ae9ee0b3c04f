// The composition root: storage in, a server that answers on two ports out.

import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ServerCredentials } from '@grpc/grpc-js';
import { createGrpcServer, type GrpcServer } from '../ingest/index.ts';
import { createQueryThreads, type QueryThreads } from '../query/index.ts';
import { type Retention, startRetention } from '../retention/index.ts';
import {
  type Clock,
  type PublishedPolicies,
  type Scheduler,
  type Storage,
  snapshotsDir,
} from '../storage/index.ts';
import { grpcGuard } from './access/grpc-guard.ts';
import { createFindSender } from './access/senders.ts';
import { createTenants } from './access/tenants.ts';
import { readTls, type TlsMaterial } from './access/tls.ts';
import { createTokens, hashOf, type Token, type Tokens } from './access/tokens.ts';
import {
  type Address,
  type Config,
  configChanges,
  configText,
  formatAddress,
  isLoopback,
  reloaded,
  retentionRules,
} from './config.ts';
import { createHttpServers, type HttpServers } from './http/http-server.ts';
import { listenGrpc, listenHttp, reachable } from './listen.ts';
import type { Logger } from './logging.ts';
import type { ServerMetrics } from './metrics.ts';
import { eventMetricRules, httpTimeouts, ingestLimits, otlpSettings } from './options.ts';
import { withPolicySet } from './policy-set/policies.ts';
import { createPolicySets, type PolicySets } from './policy-set/policy-sets.ts';
import { createRefusals } from './refusals.ts';
import { createRooms, createTenantRooms, grpcServices, type Rooms, toTenant } from './rooms.ts';
import { type SelfMonitoring, startSelfMonitoring } from './self-monitoring/monitor.ts';
import { openPrivateDoor } from './self-monitoring/private-door.ts';
import { registrySamples } from './self-monitoring/registry.ts';

/**
 * Calls and requests still under way this long after a shutdown began are cut off, ms. Half of what
 * container runtimes wait before they kill, so that the flush has the other half.
 */
const SHUTDOWN_GRACE_MS = 5_000;

/** Threads that evaluate queries, at most: one for each core, and enough for a few heavy ones. */
const QUERY_THREADS_MAX = 4;

export interface ServerOptions {
  readonly config: Config;
  /** In force where the config follows published policies. */
  readonly policySet: PublishedPolicies | undefined;
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
  tokens: Tokens;
  isReady: boolean;
  selfMonitoring?: SelfMonitoring;
}

interface Parts {
  readonly retention: Retention;
  readonly policySets: PolicySets;
  /** Those of everybody first, then those of tenants. */
  readonly rooms: readonly [Rooms, ...Rooms[]];
  readonly grpcServer: GrpcServer;
  readonly httpServers: HttpServers;
  readonly threads: QueryThreads;
}

/** Resolves once both ports answer; rejects with UserError when one cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const written = options.config;
  const config = withPolicySet(written, options.policySet);
  const tls = readTls(config);
  const secret = randomBytes(32).toString('base64url');
  const tokensOf = ({ auth }: Config): Tokens => createTokens(auth.tokens, ownToken(secret));
  const state: ServerState = { config, tokens: tokensOf(config), isReady: false };
  // One after another, so that the config read last is the one that holds.
  const serially = createSequence();
  const reload = () =>
    serially(async () => {
      const next = options.readConfig();
      await putInForce(options, state, parts, tokensOf, policySets.resolve(next));
      policySets.follow(next);
    });
  const policySets = createPolicySets({
    dataDir: config.data_dir,
    initial: options.policySet,
    redisUrl: config.retention.redis,
    ...{ scheduler: options.scheduler, log: options.log, registry: options.metrics.registry },
    apply: (policies) =>
      serially(async () => {
        if (policySets.status() === undefined) return;
        const retention = { ...state.config.retention, policies: [...policies] };
        await putInForce(options, state, parts, tokensOf, { ...state.config, retention });
      }),
  });
  const parts = await startParts(options, state, { reload, policySets }, tls);
  try {
    const grpc = await listenGrpc(parts.grpcServer, config.grpc.listen, grpcCredentials(tls));
    const http = await listenHttp(parts.rooms[0].app, config.http.listen);
    if (config.self_monitoring) {
      state.selfMonitoring = await watchItself(options, parts, { grpc, http, secret, tls });
    }
    warnOfOpenDoors(options, [grpc, http]);
    policySets.follow(written);
    state.isReady = true;
    return { grpc, http, reload, stop: () => stopServer(options, state, parts) };
  } catch (error) {
    await stopServer(options, state, parts);
    throw error;
  }
}

/** Runs one piece of work after the other; each rejects for itself. */
function createSequence(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last.catch(() => {}).then(work);
    return last;
  };
}

/** What the server shows itself when it writes its own metrics. */
function ownToken(secret: string): Token {
  const limits = { points_per_second: null, series: null, series_per_metric: null };
  return {
    name: 'self-monitoring',
    token_sha256: hashOf(secret),
    can: ['write'],
    labels: {},
    limits,
  };
}

function grpcCredentials(tls: TlsMaterial | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: tls.cert, private_key: tls.key };
  return ServerCredentials.createSsl(tls.ca ?? null, [pair], tls.ca !== undefined);
}

interface Reloading {
  readonly reload: () => Promise<void>;
  readonly policySets: PolicySets;
}

/** When the rest cannot be made, nothing is left that sweeps a storage which is closed. */
async function startParts(
  options: ServerOptions,
  state: ServerState,
  reloading: Reloading,
  tls: TlsMaterial | undefined,
): Promise<Parts> {
  const { config } = state;
  const { storage, serverId, clock, scheduler, metrics, log } = options;
  const { registry } = metrics;
  // Before any point is written: what is stored now tells whether the clock can be believed.
  const retention = await startRetention({
    storage,
    rules: retentionRules(config),
    sweepEveryMs: config.retention.sweep_every,
    snapshotsDir: snapshotsDir(config.data_dir),
    redisUrl: config.retention.redis ?? undefined,
    serverId,
    clock,
    scheduler,
    logger: log,
    registry,
  });
  const threads = createQueryThreads(Math.min(QUERY_THREADS_MAX, availableParallelism()));
  try {
    return createParts(options, state, reloading, tls, { retention, threads });
  } catch (error) {
    await retention.stop();
    await threads.close();
    throw error;
  }
}

function createParts(
  options: ServerOptions,
  state: ServerState,
  { reload, policySets }: Reloading,
  tls: TlsMaterial | undefined,
  { retention, threads }: Pick<Parts, 'retention' | 'threads'>,
): Parts {
  const { config } = state;
  const { storage, clock, scheduler, metrics, log } = options;
  const tokens = () => state.tokens;
  const { registry } = metrics;
  const refusals = createRefusals({ registry, log, monotonicMs: clock.monotonicMs, tokens });
  const roomsOptions = {
    ...{ clock, scheduler, metrics, log, refusals, tokens, reload, retention, threads },
    config: () => state.config,
    findSender: createFindSender(tokens),
    isReady: () => state.isReady,
    policySet: policySets.status,
    version: options.version,
  };
  const tenants = createTenants(tokens, (labels) => {
    const tenant = createTenantRooms(roomsOptions, storage, labels, everybody);
    rooms.push(tenant);
    return toTenant(tenant);
  });
  const httpServers = createHttpServers({
    ...{ tls, refusals },
    timeouts: httpTimeouts(config),
    route: ({ headers }) => tenants.of(headers.authorization)?.listener,
  });
  const everybody = createRooms(roomsOptions, storage, { servers: httpServers });
  const rooms: [Rooms, ...Rooms[]] = [everybody];
  const grpcServer = createGrpcServer({
    messageBytes: config.ingest.limits.message,
    idleMs: config.grpc.idle_timeout,
    interceptors: [grpcGuard(tokens, refusals)],
    onOversize: (path, authorization) =>
      refusals.count({ port: 'grpc', path, reason: 'too_large', authorization }),
  });
  for (const { descriptor, methods } of grpcServices(everybody)) {
    const implementation = tenants.dispatching(descriptor.typeName, methods.implementation);
    grpcServer.addService(descriptor, implementation, methods.codecs);
  }
  return { retention, policySets, rooms, grpcServer, httpServers, threads };
}

interface OwnDoors {
  readonly grpc: Address;
  readonly http: Address;
  readonly secret: string;
  readonly tls: TlsMaterial | undefined;
}

async function watchItself(
  options: ServerOptions,
  { grpcServer }: Parts,
  { grpc, http, secret, tls }: OwnDoors,
): Promise<SelfMonitoring> {
  const { storage, clock, scheduler, metrics, log } = options;
  const door = tls === undefined ? undefined : await openPrivateDoor(grpcServer);
  const monitoring = startSelfMonitoring({
    target: door?.address ?? formatAddress(reachable(grpc)),
    secret,
    instance: formatAddress(http),
    readServer: async () => registrySamples(await metrics.refreshed(storage).getMetricsAsJSON()),
    clock,
    scheduler,
    log,
  });
  return {
    async stop() {
      await monitoring.stop();
      door?.close();
    },
  };
}

/** The config had to say so (`auth.open`), and may have said so long ago. */
function warnOfOpenDoors({ config, log }: ServerOptions, addresses: readonly Address[]): void {
  const open = addresses.filter(({ host }) => !isLoopback(host)).map(formatAddress);
  if (config.auth.tokens.length > 0 || open.length === 0) return;
  log.warn({ addresses: open }, 'everybody who reaches these addresses may read and write');
}

async function putInForce(
  { log }: ServerOptions,
  state: ServerState,
  { retention, rooms, grpcServer, httpServers }: Parts,
  tokensOf: (config: Config) => Tokens,
  next: Config,
): Promise<void> {
  const tls = readTls(state.config);
  const changes = configChanges(configText(state.config), configText(next));
  await retention.setRules(retentionRules(next));
  state.config = reloaded(state.config, next);
  state.tokens = tokensOf(state.config);
  if (tls !== undefined) {
    grpcServer.setSecureContext(tls);
    httpServers.setTls(tls);
  }
  for (const { ingest } of rooms) {
    ingest.setLimits(ingestLimits(state.config));
    ingest.setOtlp(otlpSettings(state.config));
    ingest.setEventMetrics(eventMetricRules(state.config));
  }
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
  { retention, policySets, rooms, grpcServer, threads }: Parts,
): Promise<void> {
  state.isReady = false;
  grpcServer.setServing(false);
  await state.selfMonitoring?.stop();
  await Promise.all(rooms.map(({ ingest }) => ingest.drain()));
  await policySets.stop();
  await retention.stop();
  const [{ app }] = rooms;
  const cancel = scheduler.after(SHUTDOWN_GRACE_MS, () => app.server.closeAllConnections());
  const closed = rooms.map((one) => one.app.close());
  await Promise.all([grpcServer.close(SHUTDOWN_GRACE_MS), ...closed]);
  cancel();
  await threads.close();
}
