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

/** An idle or slow connection is let go after these, ms. */
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export interface HttpServerOptions {
  readonly tls: TlsMaterial | undefined;
  /** What answers a request instead of the app that listens. */
  readonly route: (request: IncomingMessage) => RequestListener | undefined;
}

export interface HttpServers {
  /** Makes a server for each address that is listened on. */
  create(handler: RequestListener): Server;
  /** New connections get the new certificates. */
  setTls(tls: TlsMaterial): void;
}

export function createHttpServers({ tls, route }: HttpServerOptions): HttpServers {
  const secure = new Set<SecureServer>();
  return {
    create(handler) {
      const listener = (request: IncomingMessage, response: ServerResponse) => {
        (route(request) ?? handler)(request, response as Parameters<RequestListener>[1]);
      };
      const server = tls === undefined ? createServer(listener) : secured(tls, listener);
      server.requestTimeout = REQUEST_TIMEOUT_MS;
      server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
      return server;
    },
    setTls(next) {
      for (const server of secure) server.setSecureContext(next);
    },
  };

  function secured(material: TlsMaterial, listener: RequestListener): Server {
    const server = createSecureServer({ ...material, ...clientRules(material) }, listener);
    secure.add(server);
    return server;
  }
}

export function clientRules({ ca }: TlsMaterial) {
  return { requestCert: ca !== undefined, rejectUnauthorized: ca !== undefined };
}
