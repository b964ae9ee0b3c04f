// /api/v1/status/*: what the query room knows of itself.

import type { NamedCount } from '../../storage/index.ts';
import { TOP_MAX } from '../cardinality.ts';
import { QueryError } from '../errors.ts';
import { type Query, type RouteContext, success } from './handler.ts';

export function answerBuildInfo({ version }: RouteContext): string {
  const unknown = { revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return success(JSON.stringify({ version, ...unknown }));
}

/** Lists shown when nobody says how long they should be, as Prometheus. */
const TOP_DEFAULT = 10;

/**
 * Prometheus's shape. Its head is what is in memory; here it is everything: chunks are counted as
 * the series of each table, and times are those of windows on disk.
 */
export async function answerTsdb(
  { storage, cardinality }: RouteContext,
  { parameters }: Query,
): Promise<string> {
  const text = parameters.get('limit') ?? '';
  if (text !== '' && !/^0*[1-9]\d*$/.test(text)) {
    throw new QueryError('bad_data', 'limit must be a positive number');
  }
  const top = text === '' ? TOP_DEFAULT : Math.min(TOP_MAX, Number(text));
  const found = await cardinality();
  const cut = (counts: readonly NamedCount[]) =>
    counts.slice(0, top).map(({ name, count }) => ({ name, value: count }));
  const windows = storage.windows();
  return success(
    JSON.stringify({
      headStats: {
        numSeries: storage.stats().series,
        numLabelPairs: found.labelPairs,
        chunkCount: windows.reduce((sum, { series }) => sum + series, 0),
        minTime: windows.length === 0 ? 0 : Math.min(...windows.map(({ startMs }) => startMs)),
        maxTime: windows.length === 0 ? 0 : Math.max(...windows.map(({ endMs }) => endMs)) - 1,
      },
      seriesCountByMetricName: cut(found.seriesByMetric),
      labelValueCountByLabelName: cut(found.valuesByLabel),
      memoryInBytesByLabelName: cut(found.charactersByLabel),
      seriesCountByLabelValuePair: cut(found.seriesByPair),
    }),
  );
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
