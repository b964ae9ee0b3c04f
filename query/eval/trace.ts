// What `explain=1` tells of a query: the time that each of its parts took, and what was read.

import type { ScanCost } from '../../storage/index.ts';
import type { Expr } from '../promql/ast.ts';

/** One part of the expression. Times include the parts below it. */
export interface OperatorCost {
  readonly expr: Expr;
  durationMs: number;
  /** Series that came out of it. */
  series: number;
}

/** One read of storage. */
export interface SelectorCost extends ScanCost {
  readonly expr: Expr;
  /** Waiting for storage. */
  durationMs: number;
  series: number;
  points: number;
}

export interface Trace {
  readonly operators: OperatorCost[];
  readonly selectors: SelectorCost[];
}

export function createTrace(): Trace {
  return { operators: [], selectors: [] };
}

export function addOperator(trace: Trace, expr: Expr): OperatorCost {
  const cost: OperatorCost = { expr, durationMs: 0, series: 0 };
  trace.operators.push(cost);
  return cost;
}

export function addSelector(trace: Trace, expr: Expr): SelectorCost {
  const read = { windows: 0, tables: 0, tablesSkipped: 0 };
  const blocks = { blocksRead: 0, bytesRead: 0, blocksCached: 0 };
  const cost: SelectorCost = { expr, durationMs: 0, series: 0, points: 0, ...read, ...blocks };
  trace.selectors.push(cost);
  return cost;
}

/** Passes batches on, and counts the time that was spent on making them and the series in them. */
export async function* timed<Batch>(
  cost: { durationMs: number; series: number },
  batches: AsyncIterable<Batch>,
  seriesIn: (batch: Batch) => number,
): AsyncGenerator<Batch> {
  let startMs = performance.now();
  for await (const batch of batches) {
    cost.durationMs += performance.now() - startMs;
    cost.series += seriesIn(batch);
    yield batch;
    startMs = performance.now();
  }
  cost.durationMs += performance.now() - startMs;
}
