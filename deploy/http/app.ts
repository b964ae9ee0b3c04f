// The HTTP door: guards, health, metrics, administration and the page. The rooms add their routes.

import fastify, { type FastifyInstance } from 'fastify';
import type { Retention } from '../../retention/index.ts';
import type { Clock, Storage } from '../../storage/index.ts';
import { type Config, configYaml } from '../config.ts';
import type { Logger } from '../logging.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { PolicySetStatus } from '../policy-set/policy-sets.ts';
import { httpRefusal, type Refusals } from '../refusals.ts';
import { registerDeletes } from './deletes.ts';
import { refuseBytes, refuseRequest, registerErrors, sendError } from './errors.ts';
import { type HostRules, isCorsOrigin, refusalOf } from './host-check.ts';
import type { HttpServers } from './http-server.ts';
import { registerPage } from './page.ts';
import { registerRetention } from './retention-status.ts';
import { flagsStatus, runtimeStatus } from './runtime-status.ts';
import { registerSnapshots } from './snapshots.ts';
import { storageStatus } from './storage-status.ts';

/** How long a browser may remember the answer to a preflight, s. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** No route has a schema: the compilers for them, a twentieth of what a start loads, stay out. */
const NO_SCHEMAS = { buildValidator: noSchemas, buildSerializer: noSchemas };

export interface HttpAppOptions {
  /** The config in force: a reload replaces it. */
  readonly config: () => Config;
  readonly storage: Storage;
  /** What to listen with; default: fastify's own. */
  readonly servers?: HttpServers | undefined;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
  readonly refusals: Refusals;
  readonly retention: Pick<Retention, 'status' | 'sweepNow' | 'snapshot'>;
  /** Undefined while no published policies are followed. */
  readonly policySet: () => PolicySetStatus | undefined;
  readonly isReady: () => boolean;
  /** Rejects with a message for the caller when the config has mistakes; the old one stays. */
  readonly reload: () => Promise<void>;
}

export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { servers } = options;
  const app = fastify({
    logger: false,
    bodyLimit: options.config().ingest.limits.message,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 4_096 },
    schemaController: { compilersFactory: NO_SCHEMAS },
    frameworkErrors: refuseRequest,
    clientErrorHandler: (error, socket) => refuseBytes(error, socket, options.refusals),
    ...(servers !== undefined && { serverFactory: servers.create }),
  });
  registerGuards(app, () => hostRules(options.config()), options.refusals);
  registerErrors(app, options);
  registerPage(app);
  registerHealth(app, options);
  registerAdministration(app, options);
  registerDeletes(app, options);
  return app;
}

function noSchemas(): never {
  throw new Error('a route with a schema needs the compilers of fastify');
}

function hostRules({ http }: Config): HostRules {
  return {
    listenHost: http.listen.host,
    allowedHosts: http.allowed_hosts,
    corsOrigins: http.cors_origins,
  };
}

function registerGuards(app: FastifyInstance, rules: () => HostRules, refusals: Refusals): void {
  app.addHook('onRequest', async (request, reply) => {
    const { host, origin } = request.headers;
    const refusal = refusalOf(rules(), { host, origin });
    if (refusal !== undefined) {
      refusals.count(httpRefusal(request, refusal.reason));
      return sendError(reply, 403, 'forbidden', refusal.message);
    }
    if (origin === undefined || !isCorsOrigin(rules(), origin)) return;
    reply.header('access-control-allow-origin', origin).header('vary', 'origin');
    if (request.method !== 'OPTIONS') return;
    return reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST, OPTIONS')
      .header(
        'access-control-allow-headers',
        'accept, authorization, content-encoding, content-type',
      )
      .header('access-control-max-age', PREFLIGHT_MAX_AGE_SECONDS)
      .send();
  });
}

function registerHealth(app: FastifyInstance, options: HttpAppOptions): void {
  const { storage, metrics, isReady } = options;
  app.get('/-/healthy', () => 'varve is healthy.\n');
  app.get('/-/ready', (_request, reply) =>
    isReady() ? 'varve is ready.\n' : reply.code(503).send('varve is not ready.\n'),
  );
  app.get('/metrics', async (_request, reply) => {
    const registry = metrics.refreshed(storage);
    return reply.header('content-type', registry.contentType).send(await registry.metrics());
  });
}

/** In a scope of its own: these take any body and read none of it. */
function registerAdministration(app: FastifyInstance, options: HttpAppOptions): void {
  const { storage, config, reload } = options;
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume().on('end', () => done(null));
    });
    scope.post('/-/reload', async (_request, reply) => {
      try {
        await reload();
        return reply.send('');
      } catch (error) {
        const message = `failed to reload the config: ${(error as Error).message}`;
        return sendError(reply, 500, 'bad_data', message);
      }
    });
    scope.post('/api/v1/admin/flush', async () => {
      await storage.flush();
      return { status: 'success' };
    });
    scope.post('/api/v1/admin/compact', async () => {
      await storage.compact();
      return { status: 'success' };
    });
    registerRetention(scope, options);
    registerSnapshots(scope, options);
    scope.get('/api/v1/status/storage', () => ({
      status: 'success',
      data: storageStatus(storage),
    }));
    scope.get('/api/v1/status/flags', () => ({
      status: 'success',
      data: flagsStatus(config()),
    }));
    scope.get('/api/v1/status/runtimeinfo', () => ({
      status: 'success',
      data: runtimeStatus(config(), storage.seriesCount),
    }));
    scope.get('/api/v1/status/config', () => ({
      status: 'success',
      data: { yaml: configYaml(config()) },
    }));
  });
}
