// Errors as gRPC statuses.

import { type ErrorCode, errorCodeOf, type GrpcError, grpcError } from '../../proto/index.ts';
import { QueryError, type QueryErrorKind } from '../errors.ts';

const CODES: Readonly<Record<QueryErrorKind, ErrorCode>> = {
  bad_data: 'INVALID_ARGUMENT',
  not_found: 'NOT_FOUND',
  execution: 'FAILED_PRECONDITION',
  timeout: 'DEADLINE_EXCEEDED',
  canceled: 'CANCELLED',
  unavailable: 'RESOURCE_EXHAUSTED',
  internal: 'INTERNAL',
};

export function toGrpcError(error: unknown): GrpcError {
  const code = error instanceof QueryError ? CODES[error.kind] : errorCodeOf(error);
  const told = code === 'INTERNAL' ? 'internal error' : (error as Error).message;
  return grpcError(code, told);
}
