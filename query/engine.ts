// Text in, result out: admission, parsing, evaluation, and what is left to do once at the end.

import { compareLabels, type Storage } from '../storage/index.ts';
import { type ActiveQueries, createActiveQueries } from './active-queries.ts';
import { createColumnCompute, type QueryThreads } from './column-compute.ts';
import { startDeadline } from './deadline.ts';
import { QueryError, type QueryErrorKind } from './errors.ts';
import { createAnnotations } from './eval/annotations.ts';
import { type Budget, createBudget } from './eval/budget.ts';
import type { QueryRange } from './eval/context.ts';
import { createEvaluator } from './eval/evaluate.ts';
import { createTrace, type Trace } from './eval/trace.ts';
import {
  type Grid,
  mergeEqual,
  type Points,
  type Series,
  type Value,
  withoutName,
  withPoints,
} from './eval/value.ts';
import { createGate, type Gate } from './gate.ts';
import { type QueryLimits, stepCount } from './limits.ts';
import { createParser } from './promql/parse-cache.ts';
import { typeOf } from './promql/types.ts';

export interface QueryOptions {
  /** How far back a selector looks, ms; default: the limits'. */
  readonly lookbackMs?: number | undefined;
  /** Less time than the limits give, ms. */
  readonly timeoutMs?: number | undefined;
  /** Address of whoever asks, for the list of active queries and the query log. */
  readonly client?: string | undefined;
  /** Notes what each part of the query costs. */
  readonly explain?: boolean | undefined;
  /** Cancels the query. */
  readonly signal?: AbortSignal | undefined;
}

export interface QueryResult {
  readonly value: Value;
  readonly grid: Grid;
  /** Asked for one time rather than a range. */
  readonly instant: boolean;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Points read. */
  readonly points: number;
  /** What the parts have cost; undefined unless it was asked for. */
  readonly trace: Trace | undefined;
}

/** What a query has cost, once it is over. */
export interface QueryCost {
  readonly query: string;
  readonly range: QueryRange;
  readonly client: string | undefined;
  /** `success`, or the kind of the error. */
  readonly outcome: 'success' | QueryErrorKind;
  /** From asking to the result, ms; and how much of it was waiting for its turn. */
  readonly durationMs: number;
  readonly waitedMs: number;
  /** Points read. */
  readonly points: number;
}

export interface EngineOptions {
  /** Where heavy evaluation runs; default: on the thread that asks. */
  readonly threads?: QueryThreads | undefined;
  /** Shared with another engine, whose queries then wait in one line with this one's. */
  readonly gate?: Gate | undefined;
  /** The time of day; default: the process's. */
  readonly nowMs?: (() => number) | undefined;
  /** Told of each query that ends, whichever way, but for those that cannot be parsed. */
  readonly onEnd?: ((cost: QueryCost) => void) | undefined;
}

export interface QueryEngine {
  /** Evaluates at one time. */
  instant(text: string, timeMs: number, options?: QueryOptions): Promise<QueryResult>;
  /** Evaluates at startMs, startMs + stepMs, ... up to endMs, included. */
  range(text: string, range: QueryRange, options?: QueryOptions): Promise<QueryResult>;
  /** Queries under way, and those that wait. */
  readonly gate: Gate;
  readonly active: ActiveQueries;
}

/** Every method may throw QueryError. */
export function createQueryEngine(
  storage: Storage,
  limits: QueryLimits,
  engineOptions: EngineOptions = {},
): QueryEngine {
  const { nowMs = () => performance.timeOrigin + performance.now(), onEnd } = engineOptions;
  const { gate = createGate(limits), threads } = engineOptions;
  const active = createActiveQueries();
  const parse = createParser(limits);

  async function run(
    text: string,
    query: QueryRange,
    grid: Grid,
    options: QueryOptions,
  ): Promise<QueryResult> {
    const expr = parse(text);
    if (query.stepMs > 0) checkRangeType(typeOf(expr));
    const { client } = options;
    const startMs = performance.now();
    let waitedMs: number | undefined;
    let outcome: QueryCost['outcome'] = 'success';
    const { signal, cancel, clear } = startDeadline(limits, options.timeoutMs, options.signal);
    const { progress, end } = active.enter({ query: text, startMs: nowMs(), client }, cancel);
    try {
      return await gate.run(signal, async () => {
        waitedMs = performance.now() - startMs;
        progress.phase = 'evaluating';
        const annotations = createAnnotations(text);
        const budget = createBudget(limits, signal);
        progress.points = budget.points;
        const trace = options.explain === true ? createTrace() : undefined;
        const lookbackMs = options.lookbackMs ?? limits.lookbackMs;
        const compute = createColumnCompute(threads, budget, signal);
        const base = { storage, lookbackMs, query, budget, annotations, compute, signal, trace };
        const value = await createEvaluator(base)(expr, grid).finally(compute.close);
        return {
          value: await finish(value, query, budget),
          grid,
          instant: query.stepMs === 0,
          warnings: annotations.warnings(),
          infos: annotations.infos(),
          points: budget.points(),
          trace,
        };
      });
    } catch (error) {
      // However storage words the end of a scan, the reason is the deadline's.
      const reason: unknown = signal.aborted ? signal.reason : error;
      outcome = reason instanceof QueryError ? reason.kind : 'internal';
      throw reason;
    } finally {
      clear();
      end();
      const durationMs = performance.now() - startMs;
      const points = progress.points();
      const cost = { query: text, range: query, client, outcome, durationMs, points };
      onEnd?.({ ...cost, waitedMs: waitedMs ?? durationMs });
    }
  }

  return {
    gate,
    active,
    async instant(text, timeMs, options = {}) {
      const query = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
      return run(text, query, { startMs: timeMs, stepMs: 1, steps: 1 }, options);
    },
    async range(text, query, options = {}) {
      const { startMs, endMs, stepMs } = query;
      const steps = stepCount(limits, startMs, endMs, stepMs);
      return run(text, query, { startMs, stepMs, steps }, options);
    },
  };
}

function checkRangeType(type: string): void {
  if (type === 'scalar' || type === 'vector') return;
  const name = type === 'matrix' ? 'range vector' : type;
  throw new QueryError(
    'bad_data',
    `invalid expression type "${name}" for range query, must be Scalar or instant Vector`,
  );
}

/** Names that were to be dropped go; what is empty goes; ranges come ordered by labels. */
async function finish(value: Value, query: QueryRange, budget: Budget): Promise<Value> {
  switch (value.kind) {
    case 'vector': {
      const named = withPoints(value.series).map(dropName);
      const series = await mergeEqual(named, budget);
      if (query.stepMs === 0) return { kind: 'vector', series };
      return { kind: 'vector', series: [...series].sort(byLabels) };
    }
    case 'matrix':
      return { kind: 'matrix', series: value.series.map(dropName).sort(byLabels) };
    case 'scalar':
    case 'string':
      return value;
  }
}

function dropName<Item extends Series | Points>(series: Item): Item {
  return series.dropName
    ? { ...series, labels: withoutName(series.labels), dropName: false }
    : series;
}

function byLabels(a: Series | Points, b: Series | Points): number {
  return compareLabels(a.labels, b.labels);
}
