// /api/v1/status/*: what the query room knows of itself.

import { QueryError } from '../errors.ts';
import { type Query, type RouteContext, success } from './handler.ts';

export function answerBuildInfo({ version }: RouteContext): string {
  const unknown = { revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return success(JSON.stringify({ version, ...unknown }));
}

export function answerActiveQueries({ engine }: RouteContext): string {
  const queries = engine.active.list().map(({ id, query, startMs, client, phase, points }) => ({
    id,
    query,
    start: new Date(startMs).toISOString(),
    client: client ?? '',
    phase,
    samples: points,
  }));
  return success(JSON.stringify(queries));
}

export function killActiveQuery({ engine }: RouteContext, { path }: Query): string {
  const text = /\/active_queries\/([^/?]*)/.exec(path)?.[1] ?? '';
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (engine.active.kill(id)) return success(JSON.stringify({ killed: id }));
  throw new QueryError('not_found', `no active query has the id ${text}`);
}
