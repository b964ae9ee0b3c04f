// Points in time as people give them on the command line.

import { parseDuration } from '../config/units.ts';
import { UserError } from '../user-error.ts';

/**
 * RFC 3339, seconds since the epoch, `now`, or a duration before now such as `-1h`; in ms since
 * the epoch, or undefined when it is none of these.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  if (text.startsWith('-')) {
    const agoMs = parseDuration(text.slice(1));
    if (agoMs !== undefined) return nowMs - agoMs;
  }
  if (/^-?\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^\d{4}-\d{2}-\d{2}(T\S+)?$/.test(text)) return undefined;
  const parsedMs = Date.parse(text);
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/** The same for the value of a flag; throws UserError, which names both. */
export function timeOption(flag: string, text: string, nowMs: number): number {
  const timeMs = parseTime(text, nowMs);
  if (timeMs !== undefined) return timeMs;
  const message = `${flag} ${text} is not a time: say 2026-01-31T12:00:00Z, seconds, or -1h`;
  throw new UserError(message, 2);
}
