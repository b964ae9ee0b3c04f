// POST (or PUT) /api/v1/admin/tsdb/delete_series and clean_tombstones: Prometheus's parameters and
// answers (https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis), but no flag
// has to be set for them.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ALL_TIME,
  DEFAULT_LIMITS,
  parseMatchers,
  QueryError,
  rangeParameter,
  requestParameters,
} from '../../query/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { Config } from '../config.ts';
import { queryLimits } from '../options.ts';
import { sendError } from './errors.ts';

export interface DeleteOptions {
  readonly config: () => Config;
  readonly storage: Pick<Storage, 'deletePoints' | 'cleanTombstones'>;
}

const METHODS = ['POST', 'PUT'];

/** Adds the routes in a scope of their own: parameters come in forms as well. */
export function registerDeletes(app: FastifyInstance, { config, storage }: DeleteOptions): void {
  async function deleteSeries(request: FastifyRequest, reply: FastifyReply) {
    const parameters = requestParameters(request);
    try {
      const texts = parameters.getAll('match[]');
      if (texts.length === 0) throw new QueryError('bad_data', 'no match[] parameter provided');
      const range = rangeParameter(parameters) ?? ALL_TIME;
      const limits = { ...DEFAULT_LIMITS, ...queryLimits(config()) };
      const selectors = texts.map((text) => parseMatchers(text, limits));
      await storage.deletePoints(selectors, range);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      return sendError(reply, 400, error.kind, error.message);
    }
    return reply.code(204).send();
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
    const path = '/api/v1/admin/tsdb';
    scope.route({ method: METHODS, url: `${path}/delete_series`, handler: deleteSeries });
    scope.route({
      method: METHODS,
      url: `${path}/clean_tombstones`,
      handler: async (_request, reply) => {
        await storage.cleanTombstones();
        return reply.code(204).send();
      },
    });
  });
}
