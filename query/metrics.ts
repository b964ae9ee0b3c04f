// This room's own counters.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { QueryEngine } from './engine.ts';
import { QueryError } from './errors.ts';

export interface QueryMetrics {
  /** Runs `task` as one query of a kind, and counts how it ended and how long it took. */
  observe<Result extends { readonly points: number }>(
    kind: 'instant' | 'range',
    task: () => Promise<Result>,
  ): Promise<Result>;
}

const DURATION_BUCKETS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30];

export function createQueryMetrics(registry: Registry, engine: QueryEngine): QueryMetrics {
  const registers = [registry];
  const queries = new Counter({
    name: 'varve_query_requests_total',
    help: 'Queries by kind, and by how they ended: success, or the type of the error.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'varve_query_duration_seconds',
    help: 'Time from a query to its result, waiting included.',
    labelNames: ['kind'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const points = new Counter({
    name: 'varve_query_points_read_total',
    help: 'Points read by queries that succeeded.',
    registers,
  });
  new Gauge({
    name: 'varve_query_active',
    help: 'Queries being evaluated.',
    registers,
    collect() {
      this.set(engine.gate.active);
    },
  });
  new Gauge({
    name: 'varve_query_waiting',
    help: 'Queries that wait for their turn.',
    registers,
    collect() {
      this.set(engine.gate.waiting);
    },
  });

  return {
    async observe(kind, task) {
      const stop = seconds.startTimer({ kind });
      let outcome = 'success';
      try {
        const result = await task();
        points.inc(result.points);
        return result;
      } catch (error) {
        outcome = error instanceof QueryError ? error.kind : 'internal';
        throw error;
      } finally {
        stop();
        queries.inc({ kind, outcome });
      }
    },
  };
}
