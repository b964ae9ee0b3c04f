// Logs: JSON lines on stderr, or short readable ones when a person looks on.

import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LogTarget extends DestinationStream {
  /** Whether a terminal shows it. */
  readonly isTTY?: boolean;
}

/** Messages at `level` and above go to `target`; time is UTC. */
export function createLogger(target: LogTarget, level = 'info'): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!target.isTTY) return pino(options, target);
  return pino(options, { write: (line: string) => target.write(readableLine(line)) });
}

/** `10:24:31 INFO  window dropped policy=debug points=120` */
export function readableLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const details = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  const words = [
    String(time).slice(11, 19),
    String(level).toUpperCase().padEnd(5),
    msg,
    ...details,
  ];
  return `${words.filter((word) => word !== undefined).join(' ')}\n`;
}

function fieldText(value: unknown): string {
  // pino's form of an error: its stack is for the JSON log.
  const error = value as { type?: unknown; message?: unknown; stack?: unknown } | null;
  if (typeof error?.stack === 'string') return JSON.stringify(error.message);
  return typeof value === 'string' && !/[\s="]/.test(value) ? value : JSON.stringify(value);
}
