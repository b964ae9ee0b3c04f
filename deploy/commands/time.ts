// Points in time as people give them on the command line.

import { parseDuration } from '../config/units.ts';

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
