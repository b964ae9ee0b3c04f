// The log of what is not stored, a line a minute at most for each way that it comes and goes.

import type { ErrorCode } from '../proto/index.ts';
import type { Reason } from './reasons.ts';
import { createRepeats } from './repeats.ts';

/** Doors, reasons and tokens are few; a sender who makes up metrics fills no log. */
const WAYS_MAX = 1000;
const METRICS_MAX = 20;

/** The part of a pino logger that is used. */
export interface RefusalLogger {
  warn(details: object, message: string): void;
}

/** A metric, or the series of a sender, that may have no more series. */
export interface SeriesRefusal {
  readonly metric: string;
  /** The label that has the most values, when one stands out. */
  readonly label: string | undefined;
  /** The key of the limit. */
  readonly limit: string;
  readonly token: string;
}

export interface RefusalLog {
  /** Points or events of a request whose rest is stored. */
  rejected(method: string, reason: Reason, points: number, token: string): void;
  /** A whole request. */
  failed(method: string, error: unknown, code: ErrorCode, token: string): void;
  series(refusal: SeriesRefusal): void;
}

export function createRefusalLog(logger: RefusalLogger, monotonicMs: () => number): RefusalLog {
  const ways = createRepeats(monotonicMs, WAYS_MAX);
  const metrics = createRepeats(monotonicMs, METRICS_MAX);
  return {
    rejected(method, reason, count, token) {
      const points = ways(`rejected ${method} ${reason} ${token}`, count);
      if (points > 0) logger.warn({ method, reason, points, ...named(token) }, 'points rejected');
    },
    failed(method, error, code, token) {
      // Nobody is there to be helped, or it is logged as a bug.
      if (code === 'CANCELLED' || code === 'INTERNAL') return;
      const batches = ways(`failed ${method} ${code} ${token}`);
      if (batches === 0) return;
      const last = error instanceof Error ? error.message : String(error);
      logger.warn({ method, code, batches, last, ...named(token) }, 'batches refused');
    },
    series({ metric, label, limit, token }) {
      const times = metrics(`${limit} ${metric}`);
      if (times === 0) return;
      logger.warn({ metric, label, limit, times, ...named(token) }, 'new series refused');
    },
  };
}

function named(token: string): { readonly token?: string } {
  return token === '' ? {} : { token };
}
