// What an HTTP door is made of: a row of the table that routes.ts turns into routes.

import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '../../proto/index.ts';
import type { DoorRequest } from '../door.ts';
import type { Chunks } from './body.ts';

export interface HttpRequest extends DoorRequest {
  readonly headers: IncomingHttpHeaders;
  readonly parameters: URLSearchParams;
  /** The whole body, decompressed; TOO_LARGE when it is over ingest.limits.message. */
  readMessage(): Promise<Buffer>;
  /**
   * The body as blocks of whole lines, however long it is; TOO_LARGE when one line is over
   * `lineBytesMax` or ingest.limits.message. A block is good, and its memory counted, until more is
   * asked for.
   */
  readLines(lineBytesMax?: number): Chunks;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly body?: string | Uint8Array;
}

/** Why a request gets nothing stored any more, fit for its sender's eyes. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
}

export interface HttpDoor {
  readonly url: string;
  /** In the metrics, as their `method`. Doors of one name share a cache of series. */
  readonly name: string;
  /** Media types that are taken, without parameters, or none said; default: any. */
  readonly contentTypes?: readonly string[];
  /** Of a body whose Content-Encoding is not said; default: identity. */
  readonly defaultCoding?: string;
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
  /** How the format puts an error; the status and Retry-After are set by it already. */
  readonly refuse: (
    refusal: Refusal,
    request: Pick<HttpRequest, 'headers'>,
  ) => Omit<HttpAnswer, 'status'>;
}

/** An error as text, for formats whose senders only log it. */
export function refuseInText({ message }: Refusal): Omit<HttpAnswer, 'status'> {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${message}\n` };
}
