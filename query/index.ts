// The door of query: everything else in this room is private to it.

export type { QueryThreads } from './column-compute.ts';
export {
  createQueryEngine,
  type EngineOptions,
  type QueryCost,
  type QueryEngine,
  type QueryOptions,
  type QueryResult,
} from './engine.ts';
export { QueryError, type QueryErrorKind } from './errors.ts';
export { type EventQuery, parseEventQuery } from './events/event-query.ts';
export { rangeParameter, requestParameters } from './http/parameters.ts';
export { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';
export { parse, parseMatchers } from './promql/parse.ts';
export {
  createQueryService,
  type QueryService,
  type QueryServiceOptions,
} from './query-service.ts';
export { ALL_TIME } from './time-range.ts';
export { createQueryThreads } from './workers/threads.ts';
