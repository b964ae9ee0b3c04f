// Why a whole request is refused. Single points that are refused are counted instead: validate.ts.

import type { ErrorCode } from '../proto/index.ts';

/** A request that stores nothing: its code decides the status, its message names the thing. */
export class IngestError extends Error {
  readonly code: ErrorCode;
  /** How long the client should wait; undefined leaves it to the status. */
  readonly retryDelayMs: number | undefined;

  constructor(code: ErrorCode, message: string, retryDelayMs?: number) {
    super(message);
    this.name = 'IngestError';
    this.code = code;
    this.retryDelayMs = retryDelayMs;
  }
}

/** The bytes are not the message they should be. */
export function malformed(message: string): IngestError {
  return new IngestError('INVALID_ARGUMENT', `malformed request: ${message}`);
}
