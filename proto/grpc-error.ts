// Errors as gRPC sends them: a status, and its details in the `grpc-status-details-bin` trailer.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { Metadata } from '@grpc/grpc-js';
import { RetryInfoSchema } from './gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from './gen/google/rpc/status_pb.ts';
import { type ErrorCode, statusOf } from './status.ts';

const DETAILS_KEY = 'grpc-status-details-bin';
/** A trailer that outgrows a client's header limit costs it the whole status. */
const MESSAGE_LENGTH_MAX = 1024;

/** What grpc-js takes as the error of a call. */
export interface GrpcError {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * The status of `code`. When the same call may succeed later it carries a google.rpc.RetryInfo of
 * `retryDelayMs` (OpenTelemetry senders retry only then). `message` is cut at 1,024 characters.
 */
export function grpcError(code: ErrorCode, message: string, retryDelayMs = 1000): GrpcError {
  const status = statusOf(code);
  // A cut through a surrogate pair would make grpc-js throw as it percent-encodes the text.
  const details = message.slice(0, MESSAGE_LENGTH_MAX).replace(/[\uD800-\uDBFF]$/, '');
  const metadata = new Metadata();
  if (status.retry) {
    const retry = create(RetryInfoSchema, { retryDelay: durationFromMs(retryDelayMs) });
    const body = create(StatusSchema, {
      code: status.grpc,
      message: details,
      details: [anyPack(RetryInfoSchema, retry)],
    });
    metadata.set(DETAILS_KEY, Buffer.from(toBinary(StatusSchema, body)));
  }
  return { code: status.grpc, details, metadata };
}

/** The delay in ms that a received status asks for, or undefined when it carries no RetryInfo. */
export function retryDelayMsOf(metadata: Metadata): number | undefined {
  const [bytes] = metadata.get(DETAILS_KEY);
  if (!Buffer.isBuffer(bytes)) return undefined;
  for (const detail of fromBinary(StatusSchema, bytes).details) {
    const retry = anyUnpack(detail, RetryInfoSchema);
    if (retry?.retryDelay !== undefined) return durationMs(retry.retryDelay);
  }
  return undefined;
}
