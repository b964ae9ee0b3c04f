// The HTTP port itself: with or without TLS, and with an app of its own for each tenant.

import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { TlsMaterial } from '../access/tls.ts';
import type { Refusals } from '../refusals.ts';
import { watchBodies } from './slow-bodies.ts';

/** Connections are looked through this often within the shortest timeout, and at least so often. */
const LOOKS = 4;
const LOOK_EVERY_MS_MAX = 5_000;

/** How long a connection may take to be of use, ms. */
export interface HttpTimeouts {
  /** From its beginning, or the first byte of a request, to the end of the headers. */
  readonly headersMs: number;
  /** See watchBodies. */
  readonly bodyMs: number;
  /** Between two requests. */
  readonly idleMs: number;
}

export interface HttpServerOptions {
  readonly timeouts: HttpTimeouts;
  readonly tls: TlsMaterial | undefined;
  readonly refusals: Refusals;
  /** What answers a request instead of the app that listens. */
  readonly route: (request: IncomingMessage) => RequestListener | undefined;
}

export interface HttpServers {
  /** Makes a server for each address that is listened on. */
  create(handler: RequestListener): Server;
  /** New connections get the new certificates. */
  setTls(tls: TlsMaterial): void;
}

export function createHttpServers(options: HttpServerOptions): HttpServers {
  const { tls, route, timeouts, refusals } = options;
  const { headersMs, bodyMs, idleMs } = timeouts;
  const lookEveryMs = Math.min(LOOK_EVERY_MS_MAX, Math.min(headersMs, bodyMs) / LOOKS);
  // An import may take hours: what is too slow is for the watch to tell.
  const serverOptions = {
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: lookEveryMs,
  };
  const secure = new Set<SecureServer>();
  return {
    create(handler) {
      const listener = (request: IncomingMessage, response: ServerResponse) => {
        watch.add(request, response);
        (route(request) ?? handler)(request, response as Parameters<RequestListener>[1]);
      };
      const server =
        tls === undefined ? createServer(serverOptions, listener) : secured(tls, listener);
      const watch = watchBodies({ patienceMs: bodyMs, lookEveryMs, refusals });
      server.once('close', watch.stop);
      return server;
    },
    setTls(next) {
      for (const server of secure) server.setSecureContext(next);
    },
  };

  function secured(material: TlsMaterial, listener: RequestListener): Server {
    const server = createSecureServer(
      { ...serverOptions, handshakeTimeout: headersMs, ...material, ...clientRules(material) },
      listener,
    );
    secure.add(server);
    return server;
  }
}

export function clientRules({ ca }: TlsMaterial) {
  return { requestCert: ca !== undefined, rejectUnauthorized: ca !== undefined };
}
