// /api/v1/query, query_range and format_query: expressions, evaluated or printed.

import type { QueryOptions, QueryResult } from '../engine.ts';
import { stepCount } from '../limits.ts';
import { parse } from '../promql/parse.ts';
import { print } from '../promql/printer.ts';
import { toQueryError } from './errors.ts';
import { explainJson } from './explain.ts';
import { type Answer, type Query, type RouteContext, success } from './handler.ts';
import { resultJson } from './json.ts';
import {
  durationParameter,
  invalidParameter,
  limitParameter,
  timeParameter,
} from './parameters.ts';

function queryOptions({ parameters, client, signal }: Query): QueryOptions {
  return {
    timeoutMs: durationParameter(parameters, 'timeout'),
    lookbackMs: durationParameter(parameters, 'lookback_delta') || undefined,
    explain: ['1', 'true'].includes(parameters.get('explain') ?? ''),
    client,
    signal,
  };
}

export async function answerInstant(context: RouteContext, query: Query): Promise<Answer> {
  const { parameters } = query;
  const limit = limitParameter(parameters);
  const timeMs = timeParameter(parameters, 'time', context.nowMs());
  const options = queryOptions(query);
  const text = parameters.get('query') ?? '';
  return answerQuery(context, 'instant', query, limit, () =>
    context.engine.instant(text, timeMs, options),
  );
}

export async function answerRange(context: RouteContext, query: Query): Promise<Answer> {
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
  const explain = result.trace === undefined ? undefined : explainJson(result.trace);
  return resultJson(result, { limit, stats, explain });
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

export function answerFormat(context: RouteContext, { parameters }: Query): Answer {
  const text = parameters.get('query') ?? '';
  try {
    return success(JSON.stringify(print(parse(text, context.limits))));
  } catch (error) {
    throw invalidParameter('query', toQueryError(error).message);
  }
}
