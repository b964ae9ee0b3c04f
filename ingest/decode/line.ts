// What the decoders of line formats have in common.

import type { EventBatch } from '../event-batch.ts';
import type { SeriesBatch } from '../series-batch.ts';

export interface LineDecoder {
  /** Default: ingest.limits.message. */
  readonly lineBytesMax?: number;
  /** Adds what one line has, without its newline; throws LineError and adds nothing. */
  decode(line: string, points: SeriesBatch, events: EventBatch): void;
  /** No line follows. */
  end?(): void;
}

/**
 * Why a line cannot be read: one phrase that names the place. Without a stack, which takes longer
 * than the reading: a body may consist of such lines.
 */
export class LineError extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'LineError';
  }
}

const SHOWN_CHARS_MAX = 60;

/** A piece of a line fit for an error message, whatever a client put in it. */
export function shown(text: string): string {
  const short = text.length > SHOWN_CHARS_MAX;
  return JSON.stringify(short ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text);
}
