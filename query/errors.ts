// What can go wrong with a query, by who has to act on it.

export type QueryErrorKind =
  | 'bad_data' // the request itself is wrong
  | 'execution' // it is understood, and cannot be answered: a limit, duplicate labels, ...
  | 'not_found' // it names something that is not there
  | 'timeout' // it took longer than query.timeout, or than the caller allowed
  | 'canceled' // the caller went away
  | 'unavailable' // too many queries wait already
  | 'internal'; // a fault of ours, or of the disk

/** A query that fails, with a message for whoever wrote it. */
export class QueryError extends Error {
  readonly kind: QueryErrorKind;

  constructor(kind: QueryErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'QueryError';
    this.kind = kind;
  }
}
