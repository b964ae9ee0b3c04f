// Times of /api/v1/events, which are ns: as log tools write them.

import type { EventTime } from '../../storage/index.ts';
import { invalidParameter } from '../http/parameters.ts';
import { quote } from '../promql/literals.ts';

const NS_PER_MS = 1_000_000n;

/** More digits than that are ms, and more again are ns: seconds reach the year 2286 with ten. */
const SECONDS_DIGITS_MAX = 10;
const MS_DIGITS_MAX = 13;

const RFC_3339 = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * A time from ns, ms or s since the epoch, told apart by their number of digits, from s with a
 * fraction, or from RFC 3339; undefined when it is not given. Throws QueryError (bad_data).
 */
export function eventTimeParameter(
  parameters: URLSearchParams,
  name: string,
): EventTime | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  const ns = parseNs(text);
  if (ns === undefined || BigInt.asIntN(64, ns) !== ns) {
    throw invalidParameter(name, `cannot parse ${quote(text)} to a valid timestamp`);
  }
  const rest = ns % NS_PER_MS;
  const nanos = rest < 0n ? rest + NS_PER_MS : rest;
  return { ms: Number((ns - nanos) / NS_PER_MS), nanos: Number(nanos) };
}

function parseNs(text: string): bigint | undefined {
  const whole = /^-?(\d{1,20})$/.exec(text);
  if (whole !== null) {
    const digits = whole[1]!.length;
    if (digits <= SECONDS_DIGITS_MAX) return BigInt(text) * 1_000_000_000n;
    return digits <= MS_DIGITS_MAX ? BigInt(text) * NS_PER_MS : BigInt(text);
  }
  const decimal = /^(-?)(\d{1,10})\.(\d{0,9})\d*$/.exec(text);
  if (decimal !== null) {
    const [, sign, seconds, fraction] = decimal as unknown as [string, string, string, string];
    const ns = BigInt(`${seconds}${fraction.padEnd(9, '0')}`);
    return sign === '-' ? -ns : ns;
  }
  const date = RFC_3339.exec(text);
  if (date === null) return undefined;
  const ms = Date.parse(`${date[1]!.replace(' ', 'T')}${date[3]!}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * NS_PER_MS + BigInt((date[2] ?? '').padEnd(9, '0'));
}

/** ns since the epoch, as text. */
export function formatNs(timestampMs: number, nanos: number): string {
  return String(BigInt(timestampMs) * NS_PER_MS + BigInt(nanos));
}
