// What a client hears: the answer to a stored batch, or the status of a refused one.

import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  errorCodeOf,
  type GrpcError,
  grpcError,
  type WriteResponseSchema,
} from '../proto/index.ts';
import type { BatchOutcome } from './batch-writer.ts';
import { IngestError } from './errors.ts';
import type { IngestLimits } from './limits.ts';
import type { WriteOutcome } from './point-writer.ts';
import { toMessages } from './reasons.ts';

export type WriteAnswer = MessageInitShape<typeof WriteResponseSchema>;

export function toAnswer(outcome: BatchOutcome, limits: IngestLimits): WriteAnswer {
  const { sequence, accepted, rejections } = outcome;
  const rejected = rejections.total();
  if (rejected === 0) return { sequence, accepted: BigInt(accepted) };
  return {
    sequence,
    accepted: BigInt(accepted),
    rejected: BigInt(rejected),
    rejections: toMessages(rejections, limits),
  };
}

/** What was refused of a request whose rest is stored, as one line. */
export function rejectionText(
  { accepted, rejections }: WriteOutcome,
  limits: IngestLimits,
): string {
  const reasons = toMessages(rejections, limits).map(({ count, reason }) => `${count}: ${reason}`);
  return `${rejections.total()} rejected, ${accepted} stored; ${reasons.join('; ')}`;
}

/** An error without a code of ours is a bug: the client learns that, and nothing of its insides. */
export function toGrpcError(error: unknown): GrpcError {
  const code = errorCodeOf(error);
  if (code === 'INTERNAL') return grpcError(code, 'internal error');
  const retryDelayMs = error instanceof IngestError ? error.retryDelayMs : undefined;
  return grpcError(code, (error as Error).message, retryDelayMs);
}
