// /api/v1/series, labels, label/NAME/values and metadata: what there is to ask about.

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

/** By metric; no door takes metadata in so far. */
export function answerMetadata(_context: RouteContext, { parameters }: Query): Answer {
  for (const name of ['limit', 'limit_per_metric']) {
    const text = parameters.get(name) ?? '';
    if (text === '' || /^[+-]?\d+$/.test(text)) continue;
    throw new QueryError('bad_data', `${name} must be a number`);
  }
  return success('{}');
}
