// Selectors: what storage has, as columns or as points, batch by batch.

import type { ScanRequest } from '../../storage/index.ts';
import type { VectorSelector } from '../promql/ast.ts';
import type { EvalContext } from './context.ts';
import { atMs, offsetMs } from './durations.ts';
import { sampleColumn, type Viewpoint, visibleRange, withoutStale } from './lookback.ts';
import { addSelector, timed } from './trace.ts';
import { emptySeries, type Grid, type Points, type Series } from './value.ts';

export function viewOf(
  context: EvalContext,
  modifiers: Pick<VectorSelector, 'at' | 'offset'>,
  grid: Grid,
): Viewpoint {
  return {
    grid,
    atMs: atMs(modifiers.at, context.query),
    offsetMs: offsetMs(modifiers.offset, context.query),
  };
}

/** The newest point of each series that each step sees, or with `wantTime` its time. */
export async function* scanVector(
  context: EvalContext,
  selector: VectorSelector,
  grid: Grid,
  wantTime = false,
): AsyncGenerator<readonly Series[]> {
  const { budget, lookbackMs } = context;
  const view = viewOf(context, selector, grid);
  for await (const batch of scan(context, selector, view, lookbackMs)) {
    const columns: Series[] = [];
    for (const points of batch) {
      const column = emptySeries(points.labels, grid.steps, wantTime);
      const { values, present } = column;
      if (sampleColumn(view, lookbackMs, points, wantTime, values, present) === 0) continue;
      budget.takeColumns(1, grid.steps);
      columns.push(column);
      const turn = budget.turn();
      if (turn !== undefined) await turn;
    }
    yield columns;
  }
}

/** All points that a range of `rangeMs` sees from any step, stale markers left out. */
export async function* scanPoints(
  context: EvalContext,
  selector: VectorSelector,
  view: Viewpoint,
  rangeMs: number,
): AsyncGenerator<readonly Points[]> {
  for await (const batch of scan(context, selector, view, rangeMs)) {
    yield batch.map(withoutStale);
  }
}

async function* scan(
  context: EvalContext,
  selector: VectorSelector,
  view: Viewpoint,
  rangeMs: number,
): AsyncGenerator<readonly Points[]> {
  const { storage, budget, signal, annotations, trace } = context;
  if (view.grid.steps === 0) return;
  const request: ScanRequest = {
    selectors: [selector.matchers],
    ...visibleRange(view, rangeMs),
    signal,
    onCorruption: ({ message }) => annotations.damage(message),
  };
  const cost = trace === undefined ? undefined : addSelector(trace, selector);
  const batches =
    cost === undefined ? storage.scan(request) : timed(cost, storage.scan({ ...request, cost }));
  for await (const batch of batches) {
    budget.takeSeries(batch.length);
    let points = 0;
    for (const series of batch) points += series.values.length;
    budget.takePoints(points);
    if (cost !== undefined) cost.points += points;
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    yield batch.map(({ labels, timestampsMs, values, isEvents = false }) => ({
      labels,
      timestampsMs,
      values,
      dropName: false,
      isEvents,
    }));
  }
}
