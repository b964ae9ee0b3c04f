// What everything that evaluates a query is given.

import type { Storage } from '../../storage/index.ts';
import type { Expr } from '../promql/ast.ts';
import type { Annotations } from './annotations.ts';
import type { Budget } from './budget.ts';
import type { ColumnCompute } from './columns.ts';
import type { Trace } from './trace.ts';
import type { Grid, Value } from './value.ts';

/** The query as a whole: what `start()`, `end()`, `step()` and `range()` mean in it. */
export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

export interface EvalContext {
  readonly storage: Storage;
  readonly lookbackMs: number;
  readonly query: QueryRange;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly compute: ColumnCompute;
  readonly signal: AbortSignal;
  /** Where costs are noted, when somebody asked for them. */
  readonly trace: Trace | undefined;
  /** Evaluates a subexpression; handed down so that its parts need not import the whole. */
  evaluate(expr: Expr, grid: Grid): Promise<Value>;
}
