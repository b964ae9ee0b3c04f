// Parameters of the HTTP API: times, durations and limits, as Prometheus takes them.

import type { TimeRange } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../limits.ts';
import { durationMs, quote } from '../promql/literals.ts';
import { checkExpressionBytes } from '../promql/scan-text.ts';
import { endAfter } from '../time-range.ts';

/** Timestamps are within +-2^53 ms. */
const TIME_MS_MAX = 2 ** 53;

/** Prometheus's first and last instants, which its clients send to say "any". */
const FIRST_TIME = '-292273086-05-16T16:47:06Z';
const LAST_TIME = '+292277025-08-18T07:12:54.999999999Z';

export function invalidParameter(name: string, reason: string): QueryError {
  return new QueryError('bad_data', `invalid parameter "${name}": ${reason}`);
}

/**
 * The parameters of the form, if the body was read as text, then those of the URL. An expression
 * that is too long is refused before anything is decoded, which takes longer than all the rest of a
 * refusal.
 */
export function requestParameters(
  request: { readonly url: string; readonly body: unknown },
  limits: QueryLimits = DEFAULT_LIMITS,
): URLSearchParams {
  const at = request.url.indexOf('?');
  const form = typeof request.body === 'string' ? request.body : '';
  const parameters = new URLSearchParams();
  for (const text of [form, at < 0 ? '' : request.url.slice(at + 1)]) {
    if (text.length > limits.expressionBytesMax) checkEncodedExpressions(text, limits);
    for (const [name, value] of new URLSearchParams(text)) parameters.append(name, value);
  }
  return parameters;
}

function checkEncodedExpressions(text: string, limits: QueryLimits): void {
  for (const [, value = ''] of text.matchAll(/(?:^|&)query=([^&]*)/g)) {
    // Three characters of an escape are one byte.
    const bytes = Buffer.byteLength(value) - 2 * (value.split('%').length - 1);
    try {
      checkExpressionBytes(bytes, limits);
    } catch (error) {
      throw invalidParameter('query', (error as Error).message);
    }
  }
}

/** ms since the epoch from seconds or RFC 3339; `absent` when the parameter is not given. */
export function timeParameter(parameters: URLSearchParams, name: string, absent?: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '' && absent !== undefined) return absent;
  const ms = parseTimeMs(text);
  if (ms !== undefined) return Math.max(-TIME_MS_MAX, Math.min(TIME_MS_MAX, ms));
  throw invalidParameter(name, `cannot parse ${quote(text)} to a valid timestamp`);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseTimeMs(text: string): number | undefined {
  const seconds = parseFloatStrictly(text);
  if (seconds !== undefined) return Math.round(seconds * 1000);
  if (text === FIRST_TIME) return -TIME_MS_MAX;
  if (text === LAST_TIME) return TIME_MS_MAX;
  if (!RFC_3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function parseFloatStrictly(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** ms from seconds or `1h30m`; undefined when the parameter is not given. */
export function durationParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  const seconds = parseFloatStrictly(text);
  const ms = seconds === undefined ? durationMs(text) : Math.trunc(seconds * 1000);
  if (ms === undefined) {
    throw invalidParameter(name, `cannot parse ${quote(text)} to a valid duration`);
  }
  if (Math.abs(ms) > TIME_MS_MAX) {
    const reason = `cannot parse ${quote(text)} to a valid duration. It overflows`;
    throw invalidParameter(name, reason);
  }
  return ms;
}

/** How many results are wanted; Infinity when it is not given, or 0. */
export function limitParameter(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? '';
  if (text === '') return Infinity;
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalidParameter('limit', `cannot parse ${quote(text)} to a valid limit`);
  }
  if (Number(text) < 0) throw invalidParameter('limit', 'limit must be non-negative');
  return Number(text) || Infinity;
}

export const ALL_TIME: TimeRange = { startMs: -TIME_MS_MAX, endMs: endAfter(TIME_MS_MAX) };

/** From `start` to `end`, both included; undefined when neither is given. */
export function rangeParameter(parameters: URLSearchParams): TimeRange | undefined {
  if ((parameters.get('start') ?? '') === '' && (parameters.get('end') ?? '') === '') {
    return undefined;
  }
  const startMs = timeParameter(parameters, 'start', -TIME_MS_MAX);
  const endMs = timeParameter(parameters, 'end', TIME_MS_MAX);
  return { startMs, endMs: endAfter(endMs) };
}

/**
 * A label name that was escaped to fit a path: after `U__`, `_2e_` stands for the character with
 * that code and `__` for an underscore. Other names are as they stand.
 */
export function unescapeLabelName(name: string): string {
  if (!name.startsWith('U__')) return name;
  const escaped = name.slice(3);
  if (!/^(?:[^_]|__|_[\da-fA-F]{1,6}_)*$/.test(escaped)) return name;
  return escaped.replace(/__|_([\da-fA-F]{1,6})_/g, (_, code: string | undefined) => {
    if (code === undefined) return '_';
    const point = Number.parseInt(code, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });
}
