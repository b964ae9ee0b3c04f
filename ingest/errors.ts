// Why a whole request is refused. Single points that are refused are counted instead: validate.ts.

import type { ErrorCode } from '../proto/index.ts';

export interface IngestErrorDetails {
  readonly retryDelayMs?: number | undefined;
  readonly reason?: string | undefined;
}

/** A request that stores nothing: its code decides the status, its message names the thing. */
export class IngestError extends Error {
  readonly code: ErrorCode;
  /** How long the client should wait; undefined leaves it to the status. */
  readonly retryDelayMs: number | undefined;
  /** A word for the metrics, where the code says too little. */
  readonly reason: string | undefined;

  constructor(code: ErrorCode, message: string, details: IngestErrorDetails = {}) {
    super(message);
    this.name = 'IngestError';
    this.code = code;
    this.retryDelayMs = details.retryDelayMs;
    this.reason = details.reason;
  }
}

/** The bytes are not the message they should be. */
export function malformed(message: string): IngestError {
  return new IngestError('INVALID_ARGUMENT', `malformed request: ${message}`);
}

/** Why a request with more than `most` of `what` is refused: a limit that no config key moves. */
export function tooManyText(most: number, what: string): string {
  return `more than ${most} ${what} in one request, which no config key changes: send several`;
}
