// /api/v1/series, labels, label/NAME/values and metadata: what there is to ask about.

import type { MetricMetadata } from '../../storage/index.ts';
import type { Listing } from '../catalog.ts';
import { QueryError } from '../errors.ts';
import { isLabelName, quote } from '../promql/literals.ts';
import { type Answer, type Query, type RouteContext, success } from './handler.ts';
import { metricJson } from './json.ts';
import { limitParameter, rangeParameter, unescapeLabelName } from './parameters.ts';

export async function answerSeries(context: RouteContext, { parameters }: Query): Promise<Answer> {
  const texts = parameters.getAll('match[]');
  if (texts.length === 0) throw new QueryError('bad_data', 'no match[] parameter provided');
  const limit = limitParameter(parameters);
  const range = rangeParameter(parameters);
  const selectors = context.catalog.selectors(texts);
  const { items, warnings } = await context.catalog.series(selectors, range, limit);
  return success(`[${items.map((labels) => metricJson(labels)).join(',')}]`, warnings);
}

export async function answerLabels(context: RouteContext, { parameters }: Query): Promise<Answer> {
  const limit = limitParameter(parameters);
  const range = rangeParameter(parameters);
  const selectors = context.catalog.selectors(parameters.getAll('match[]'));
  return listing(await context.catalog.labelNames(selectors, range, limit));
}

export async function answerLabelValues(
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

/** By metric: what the doors were told of it. */
export function answerMetadata({ metadata }: RouteContext, { parameters }: Query): Answer {
  const limit = countParameter(parameters, 'limit');
  const perMetric = countParameter(parameters, 'limit_per_metric');
  const wanted = parameters.get('metric') ?? '';
  const known = wanted === '' ? metadata.entries() : [[wanted, metadata.get(wanted)] as const];
  const answer: Record<string, readonly MetricMetadata[]> = Object.create(null);
  let metrics = 0;
  for (const [metric, told] of known) {
    if (metrics === limit) break;
    if (told.length === 0) continue;
    answer[metric] = told.slice(0, perMetric);
    metrics++;
  }
  return success(JSON.stringify(answer));
}

/** Infinity when it is not given or negative, for `limit_per_metric` also 0: as Prometheus. */
function countParameter(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return Infinity;
  if (!/^[+-]?\d+$/.test(text)) throw new QueryError('bad_data', `${name} must be a number`);
  const count = Number(text);
  return count < 0 || (count === 0 && name === 'limit_per_metric') ? Infinity : count;
}
