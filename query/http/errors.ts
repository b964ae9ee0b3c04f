// Errors as the HTTP API answers them.

import { StorageError } from '../../storage/index.ts';
import { QueryError, type QueryErrorKind } from '../errors.ts';

const STATUS: Readonly<Record<QueryErrorKind, number>> = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  // Nobody is there to read it; nginx's number, as Prometheus uses it.
  canceled: 499,
  internal: 500,
  timeout: 503,
  unavailable: 503,
};

export interface HttpError {
  readonly status: number;
  readonly body: string;
}

export function httpError(error: unknown): HttpError {
  const known = toQueryError(error);
  const body = { status: 'error', errorType: known.kind, error: known.message };
  return { status: STATUS[known.kind], body: JSON.stringify(body) };
}

/** Any error as one of ours; what is a fault of ours says no more than that. */
export function toQueryError(error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  if (error instanceof StorageError) {
    switch (error.code) {
      case 'INVALID_ARGUMENT':
        return new QueryError('bad_data', error.message, { cause: error });
      case 'RESOURCE_EXHAUSTED':
      case 'CLOSED':
        return new QueryError('unavailable', error.message, { cause: error });
      default:
        return new QueryError('internal', error.message, { cause: error });
    }
  }
  return new QueryError('internal', 'internal error', { cause: error });
}
