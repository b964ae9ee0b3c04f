// The Prometheus HTTP API over the engine and the catalog: parameters in, JSON out.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Catalog, Listing } from '../catalog.ts';
import type { QueryEngine, QueryOptions, QueryResult } from '../engine.ts';
import { QueryError } from '../errors.ts';
import { type QueryLimits, stepCount } from '../limits.ts';
import type { QueryMetrics } from '../metrics.ts';
import { isLabelName, quote } from '../promql/literals.ts';
import { parse } from '../promql/parse.ts';
import { print } from '../promql/printer.ts';
import { httpError, toQueryError } from './errors.ts';
import { metricJson, remarksJson, resultJson } from './json.ts';
import {
  durationParameter,
  invalidParameter,
  limitParameter,
  rangeParameter,
  timeParameter,
  unescapeLabelName,
} from './parameters.ts';

export interface RouteContext {
  readonly engine: QueryEngine;
  readonly catalog: Catalog;
  readonly limits: QueryLimits;
  readonly metrics: QueryMetrics;
  nowMs(): number;
  /** What the build is called, for `status/buildinfo`. */
  readonly version: string;
  /** Told of errors that are ours. */
  onError(error: unknown): void;
}

/** What a handler is given of a request. */
interface Query {
  readonly parameters: URLSearchParams;
  readonly path: string;
  /** Aborted when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
}

/** The whole body, or its pieces. */
type Answer = string | Iterable<string>;

type Handler = (context: RouteContext, query: Query) => Promise<Answer> | Answer;

const GET_AND_POST: Readonly<Record<string, Handler>> = {
  '/api/v1/query': answerInstant,
  '/api/v1/query_range': answerRange,
  '/api/v1/series': answerSeries,
  '/api/v1/labels': answerLabels,
  '/api/v1/format_query': answerFormat,
};

const GET: Readonly<Record<string, Handler>> = {
  '/api/v1/label/:name/values': answerLabelValues,
  '/api/v1/metadata': () => success('{}'),
  '/api/v1/status/buildinfo': answerBuildInfo,
};

/** Adds the routes in a scope of their own, so that how they read bodies concerns nobody else. */
export function registerRoutes(app: FastifyInstance, context: RouteContext): void {
  app.register(async (scope) => {
    const form = 'application/x-www-form-urlencoded';
    scope.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
    for (const [url, handler] of Object.entries(GET_AND_POST)) {
      scope.route({ method: ['GET', 'POST'], url, handler: respond(context, handler) });
    }
    for (const [url, handler] of Object.entries(GET)) {
      scope.route({ method: 'GET', url, handler: respond(context, handler) });
    }
  });
}

function respond(context: RouteContext, handler: Handler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    reply.type('application/json');
    try {
      const query = {
        parameters: readParameters(request),
        path: request.url,
        signal: gone.signal,
      };
      const answer = await handler(context, query);
      return reply.send(typeof answer === 'string' ? answer : streamed(answer));
    } catch (error) {
      if (toQueryError(error).kind === 'internal') context.onError(error);
      const { status, body } = httpError(error);
      if (status === 503) reply.header('retry-after', '1');
      return reply.code(status).send(body);
    }
  };
}

/** One piece is sent as it is, with its length; more go out as fast as the client reads. */
function streamed(pieces: Iterable<string>): string | Readable {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  const second = iterator.next();
  if (first.done === true) return '';
  if (second.done === true) return first.value;
  const start = [first.value, second.value];
  const rest = { [Symbol.iterator]: () => iterator };
  return Readable.from(chain(start, rest), { objectMode: false });
}

function* chain(start: Iterable<string>, rest: Iterable<string>): Generator<string> {
  yield* start;
  yield* rest;
}

/** The form's parameters, then those of the URL. */
function readParameters(request: FastifyRequest): URLSearchParams {
  const parameters = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
  const at = request.url.indexOf('?');
  const ofUrl = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
  for (const [name, value] of ofUrl) parameters.append(name, value);
  return parameters;
}

function success(data: string, warnings: readonly string[] = []): string {
  return `{"status":"success","data":${data}${remarksJson('warnings', warnings)}}`;
}

function queryOptions({ parameters, signal }: Query): QueryOptions {
  return {
    timeoutMs: durationParameter(parameters, 'timeout'),
    lookbackMs: durationParameter(parameters, 'lookback_delta') || undefined,
    signal,
  };
}

async function answerInstant(context: RouteContext, query: Query): Promise<Answer> {
  const { parameters } = query;
  const limit = limitParameter(parameters);
  const timeMs = timeParameter(parameters, 'time', context.nowMs());
  const options = queryOptions(query);
  const text = parameters.get('query') ?? '';
  return answerQuery(context, 'instant', query, limit, () =>
    context.engine.instant(text, timeMs, options),
  );
}

async function answerRange(context: RouteContext, query: Query): Promise<Answer> {
  const { parameters } = query;
  const limit = limitParameter(parameters);
  const startMs = timeParameter(parameters, 'start');
  const endMs = timeParameter(parameters, 'end');
  if (endMs < startMs) {
    throw invalidParameter('end', 'end timestamp must not be before start time');
  }
  const stepMs = durationParameter(parameters, 'step');
  if (stepMs === undefined) {
    throw invalidParameter('step', 'cannot parse "" to a valid duration');
  }
  if (stepMs <= 0) {
    const reason =
      'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw invalidParameter('step', reason);
  }
  stepCount(context.limits, startMs, endMs, stepMs);
  const options = queryOptions(query);
  const text = parameters.get('query') ?? '';
  return answerQuery(context, 'range', query, limit, () =>
    context.engine.range(text, { startMs, endMs, stepMs }, options),
  );
}

async function answerQuery(
  context: RouteContext,
  kind: 'instant' | 'range',
  { parameters }: Query,
  limit: number,
  run: () => Promise<QueryResult>,
): Promise<Answer> {
  const startMs = performance.now();
  let result: QueryResult;
  try {
    result = await context.metrics.observe(kind, run);
  } catch (error) {
    // Everything else that a request can get wrong was looked at before.
    const known = toQueryError(error);
    if (known.kind === 'bad_data') throw invalidParameter('query', known.message);
    throw error;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const wanted = (parameters.get('stats') ?? '') !== '';
  const stats = wanted ? statsJson(result, seconds) : undefined;
  return resultJson(result, { limit, stats });
}

/** Prometheus's shape. What it times in parts is one figure here. */
function statsJson(result: QueryResult, seconds: number): string {
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: result.points, peakSamples: result.points },
  });
}

async function answerSeries(context: RouteContext, { parameters }: Query): Promise<Answer> {
  const texts = parameters.getAll('match[]');
  if (texts.length === 0) throw new QueryError('bad_data', 'no match[] parameter provided');
  const limit = limitParameter(parameters);
  const range = rangeParameter(parameters);
  const selectors = context.catalog.selectors(texts);
  const { items, warnings } = await context.catalog.series(selectors, range, limit);
  return success(`[${items.map(metricJson).join(',')}]`, warnings);
}

async function answerLabels(context: RouteContext, { parameters }: Query): Promise<Answer> {
  const limit = limitParameter(parameters);
  const range = rangeParameter(parameters);
  const selectors = context.catalog.selectors(parameters.getAll('match[]'));
  return listing(await context.catalog.labelNames(selectors, range, limit));
}

async function answerLabelValues(
  context: RouteContext,
  { parameters, path }: Query,
): Promise<Answer> {
  const escaped = /\/label\/([^/?]*)\/values/.exec(path)?.[1] ?? '';
  const name = unescapeLabelName(decode(escaped));
  if (!isLabelName(name)) throw new QueryError('bad_data', `invalid label name: ${quote(name)}`);
  const limit = limitParameter(parameters);
  const range = rangeParameter(parameters);
  const selectors = context.catalog.selectors(parameters.getAll('match[]'));
  return listing(await context.catalog.labelValues(name, selectors, range, limit));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new QueryError('bad_data', `invalid label name: ${quote(text)}`);
  }
}

function listing({ items, warnings }: Listing<string>): string {
  return success(JSON.stringify(items), warnings);
}

function answerFormat(context: RouteContext, { parameters }: Query): Answer {
  const text = parameters.get('query') ?? '';
  try {
    return success(JSON.stringify(print(parse(text, context.limits))));
  } catch (error) {
    throw invalidParameter('query', toQueryError(error).message);
  }
}

function answerBuildInfo({ version }: RouteContext): Answer {
  const unknown = { revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return success(JSON.stringify({ version, ...unknown }));
}
