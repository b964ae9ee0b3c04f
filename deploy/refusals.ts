// Requests that are turned away before a room looks at them: counted by where they went, why, and
// the token they showed, and logged at a bounded rate. What a room itself refuses it counts itself.

import type { FastifyRequest } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import { createRepeats } from '../ingest/index.ts';
import type { Tokens } from './access/tokens.ts';
import type { Logger } from './logging.ts';

/** Paths, reasons and tokens are few. */
const WAYS_MAX = 1000;

export type RefusalReason =
  /** None was shown where one is needed. */
  | 'no_token'
  | 'unknown_token'
  /** The token lacks the right. */
  | 'no_right'
  /** A token with labels asked for what is about all series. */
  | 'not_its_own'
  /** An unknown Host, a foreign Origin: see host-check.ts. */
  | 'host'
  | 'origin'
  /** The body, or the message over gRPC, is over ingest.limits.message. */
  | 'too_large'
  /** The body, or what comes before it, took too long. */
  | 'slow_body'
  | 'slow_headers'
  | 'large_headers'
  | 'not_http';

export interface Refusal {
  readonly port: 'grpc' | 'http';
  /** The pattern of a route or the name of a method, which are bounded; default: there is none. */
  readonly path?: string | undefined;
  readonly reason: RefusalReason;
  /** The header of that name. */
  readonly authorization?: string | undefined;
}

/** Of a request whose headers are there. */
export function httpRefusal(request: FastifyRequest, reason: RefusalReason): Refusal {
  const { routeOptions, headers } = request;
  return { port: 'http', path: routeOptions.url, reason, authorization: headers.authorization };
}

export interface Refusals {
  count(refusal: Refusal): void;
}

export interface RefusalsOptions {
  readonly registry: Registry;
  readonly log: Pick<Logger, 'warn'>;
  readonly monotonicMs: () => number;
  /** Asked for each refusal: a reload replaces them. */
  readonly tokens: () => Pick<Tokens, 'find'>;
}

export function createRefusals({ registry, log, monotonicMs, tokens }: RefusalsOptions): Refusals {
  const repeats = createRepeats(monotonicMs, WAYS_MAX);
  const refused = new Counter({
    name: 'varve_refused_requests_total',
    help: 'Requests turned away unread, by port, path, reason and the token shown.',
    labelNames: ['port', 'path', 'reason', 'token'],
    registers: [registry],
  });
  return {
    count({ port, path, reason, authorization }) {
      const token = tokens().find(authorization)?.name;
      const way = {
        ...{ port, reason },
        ...(path !== undefined && { path }),
        ...(token !== undefined && { token }),
      };
      refused.inc(way);
      const requests = repeats(JSON.stringify(way));
      if (requests > 0) log.warn({ ...way, requests }, 'requests refused');
    },
  };
}
