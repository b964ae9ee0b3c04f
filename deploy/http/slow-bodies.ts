// Lets go of requests whose bodies come a byte at a time. Node has a timeout for headers, which
// counts from the connection on, and one for whole requests, which an import that takes hours
// cannot live with.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusals } from '../refusals.ts';
import { refuseSlowBody } from './errors.ts';

/** A body that comes at this rate may be as long as it likes. */
const BODY_BYTES_PER_SECOND = 1024;

const TOO_SLOW =
  `the body came slower than ${BODY_BYTES_PER_SECOND} bytes a second, ` +
  'by more than http.body_timeout allows';

export interface BodyWatch {
  /** Watches a request until its body is whole; `response` is its answer. */
  add(request: IncomingMessage, response: ServerResponse): void;
  stop(): void;
}

interface Watched {
  readonly response: ServerResponse;
  /** When the patience with it ends, unless more comes. */
  dueMs: number;
  bytesRead: number;
}

export interface BodyWatchOptions {
  readonly patienceMs: number;
  readonly lookEveryMs: number;
  readonly refusals: Refusals;
}

/**
 * Refuses a body that is behind the rate by more than `patienceMs`, and closes its connection. The
 * time in which it is us who do not read counts for nobody.
 */
export function watchBodies({ patienceMs, lookEveryMs, refusals }: BodyWatchOptions): BodyWatch {
  const watched = new Map<IncomingMessage, Watched>();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();

  let lookedMs = performance.now();

  function look(): void {
    const nowMs = performance.now();
    // When this process stood still, what came meanwhile is not read yet.
    const stoodStillMs = Math.max(0, nowMs - lookedMs - lookEveryMs);
    lookedMs = nowMs;
    for (const [request, state] of watched) {
      if (request.complete || request.destroyed) continue;
      const { bytesRead } = request.socket;
      const earnedMs = ((bytesRead - state.bytesRead) * 1000) / BODY_BYTES_PER_SECOND;
      const isOurs = request.isPaused() || request.readableLength > 0;
      const mostMs = nowMs + patienceMs;
      state.dueMs = isOurs ? mostMs : Math.min(mostMs, state.dueMs + earnedMs + stoodStillMs);
      state.bytesRead = bytesRead;
      if (nowMs > state.dueMs) refuse(request, state);
    }
  }

  function refuse(request: IncomingMessage, { response }: Watched): void {
    watched.delete(request);
    const { authorization } = request.headers;
    refusals.count({ port: 'http', reason: 'slow_body', authorization });
    refuseSlowBody(response, TOO_SLOW);
  }

  return {
    add(request, response) {
      const { bytesRead } = request.socket;
      watched.set(request, { response, dueMs: performance.now() + patienceMs, bytesRead });
      // At once, not at the next look: a request that is let go of while it is young costs nothing,
      // and thousands of them would be a hundred MiB by then.
      request.once('close', () => watched.delete(request));
    },
    stop: () => clearInterval(timer),
  };
}
