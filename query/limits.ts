// Every maximum of this room. Each has a config key, and every refusal names both.

import { QueryError } from './errors.ts';

export interface QueryLimits {
  /** How far back a selector looks for a point, ms. Default 5 min, as Prometheus. */
  readonly lookbackMs: number;
  /** Steps of one range query. Default 11,000: a week at one minute, or a year at one hour. */
  readonly stepsMax: number;
  /** Series that the selectors of one query may meet, and that it may return. */
  readonly seriesMax: number;
  /** Points that one query may read or hold. */
  readonly samplesMax: number;
  /** Bytes of points and columns that one query may hold. */
  readonly bytesMax: number;
  /** Bytes of an expression's text. */
  readonly expressionBytesMax: number;
  /** Levels of an expression. Parsing, checking and evaluation recurse this deep and no deeper. */
  readonly depthMax: number;
  /** Wall time of one query, ms; a request may ask for less. */
  readonly timeoutMs: number;
  /** Queries that are evaluated at the same time. */
  readonly concurrentMax: number;
  /** Queries that may wait for their turn; beyond, they are refused. */
  readonly queuedMax: number;
}

export const DEFAULT_LIMITS: QueryLimits = {
  lookbackMs: 300_000,
  stepsMax: 11_000,
  seriesMax: 100_000,
  samplesMax: 50_000_000,
  bytesMax: 2 ** 30,
  expressionBytesMax: 65_536,
  depthMax: 100,
  timeoutMs: 30_000,
  concurrentMax: 4,
  queuedMax: 64,
};

/** The key a user would change, by limit. */
const CONFIG_KEYS = {
  stepsMax: 'query.max_steps',
  seriesMax: 'query.max_series',
  samplesMax: 'query.max_samples',
  bytesMax: 'query.max_bytes',
  expressionBytesMax: 'query.max_expression',
  depthMax: 'query.max_depth',
  timeoutMs: 'query.timeout',
  concurrentMax: 'query.max_concurrent',
} as const;

/** ` (limit 100, config key query.max_depth)`: ends every message about a limit. */
export function limitNote(limits: QueryLimits, key: keyof typeof CONFIG_KEYS): string {
  const value = key === 'timeoutMs' ? `${limits[key] / 1000}s` : limits[key];
  return ` (limit ${value}, config key ${CONFIG_KEYS[key]})`;
}

/** Number of steps from `startMs` to `endMs`, both included; refuses more than the limit. */
export function stepCount(
  limits: QueryLimits,
  startMs: number,
  endMs: number,
  stepMs: number,
): number {
  if (!(stepMs > 0)) {
    throw new QueryError(
      'bad_data',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (endMs < startMs) {
    throw new QueryError('bad_data', 'end timestamp must not be before start time');
  }
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  if (steps - 1 > limits.stepsMax) {
    const most = limits.stepsMax.toLocaleString('en-US');
    throw new QueryError(
      'bad_data',
      `exceeded maximum resolution of ${most} points per timeseries. Try decreasing the query ` +
        `resolution (?step=XX)${limitNote(limits, 'stepsMax')}`,
    );
  }
  return steps;
}
