// The Prometheus HTTP API: its paths, and how requests become queries and answers bodies.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  answerLabels,
  answerLabelValues,
  answerMetadata,
  answerSeries,
} from './catalog-handlers.ts';
import { httpError, toQueryError } from './errors.ts';
import { answerEvents } from './events-handler.ts';
import { createExportHandler } from './export-handler.ts';
import type { Handler, RouteContext } from './handler.ts';
import { requestParameters } from './parameters.ts';
import { answerFormat, answerInstant, answerRange } from './query-handlers.ts';
import { sendAnswer } from './send.ts';
import {
  answerActiveQueries,
  answerBuildInfo,
  answerTsdb,
  killActiveQuery,
} from './status-handlers.ts';

const GET_AND_POST: Readonly<Record<string, Handler>> = {
  '/api/v1/query': answerInstant,
  '/api/v1/query_range': answerRange,
  '/api/v1/series': answerSeries,
  '/api/v1/labels': answerLabels,
  '/api/v1/format_query': answerFormat,
  '/api/v1/events': answerEvents,
};

const GET: Readonly<Record<string, Handler>> = {
  '/api/v1/label/:name/values': answerLabelValues,
  '/api/v1/metadata': answerMetadata,
  '/api/v1/status/buildinfo': answerBuildInfo,
  '/api/v1/status/tsdb': answerTsdb,
  '/api/v1/status/active_queries': answerActiveQueries,
};

/** Ends a query: by the method that says so, and by the one that every client has. */
const POST_AND_DELETE: Readonly<Record<string, Handler>> = {
  '/api/v1/status/active_queries/:id': killActiveQuery,
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
    const answerExport = respond(context, createExportHandler(context), 'application/x-ndjson');
    const url = '/api/v1/export';
    scope.route({ method: 'GET', url, handler: answerExport, exposeHeadRoute: false });
    for (const [url, handler] of Object.entries(POST_AND_DELETE)) {
      scope.route({ method: ['POST', 'DELETE'], url, handler: respond(context, handler) });
    }
  });
}

/** `type` is that of answers; errors are JSON always. */
function respond(context: RouteContext, handler: Handler, type = 'application/json') {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    try {
      const query = {
        parameters: requestParameters(request, context.limits),
        path: request.url,
        client: request.ip,
        signal: gone.signal,
      };
      const answer = await handler(context, query);
      reply.type(type);
      return sendAnswer(reply, answer, request.headers['accept-encoding']);
    } catch (error) {
      if (toQueryError(error).kind === 'internal') context.onError(error);
      const { status, body } = httpError(error);
      if (status === 503) reply.header('retry-after', '1');
      return reply.code(status).type('application/json').send(body);
    }
  };
}
