// What all methods share: ending with a status, cancellation, and waiting for a slow client.

import { once } from 'node:events';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { QueryError } from '../errors.ts';
import { toGrpcError } from './errors.ts';

export type OnError = (error: unknown) => void;

/** `signal` is aborted when the client cancels, hangs up, or its deadline passes. */
type Handle<Request> = (request: Request, signal: AbortSignal) => Promise<unknown>;

export function unary<Request>(handle: Handle<Request>, onError: OnError) {
  return (call: ServerUnaryCall<Request, unknown>, callback: sendUnaryData<unknown>): void => {
    handle(call.request, cancellation(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error, onError)),
    );
  };
}

/** Messages are sent as the client takes them; the generator stands still in between. */
export function serverStream<Request>(
  handle: (request: Request, signal: AbortSignal) => AsyncIterable<unknown>,
  onError: OnError,
) {
  return async (call: ServerWritableStream<Request, unknown>): Promise<void> => {
    const signal = cancellation(call);
    try {
      for await (const message of handle(call.request, signal)) {
        if (!call.write(message)) await once(call, 'drain', { signal });
        if (signal.aborted) throw new QueryError('canceled', 'query was canceled');
      }
      call.end();
    } catch (error) {
      // Nobody listens any more once the call is cancelled; the status is for the library's books.
      const reason = signal.aborted ? new QueryError('canceled', 'query was canceled') : error;
      call.emit('error', statusOf(reason, onError));
    }
  };
}

function cancellation(call: {
  readonly cancelled: boolean;
  once(event: 'cancelled', listener: () => void): unknown;
}): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  if (call.cancelled) controller.abort();
  return controller.signal;
}

function statusOf(error: unknown, onError: OnError) {
  const status = toGrpcError(error);
  if (status.details === 'internal error') onError(error);
  return status;
}
