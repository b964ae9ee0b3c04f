// Selectors: what storage has, as columns or as points, slice by slice.

import type { RollupRequest, SliceRequest } from '../../storage/index.ts';
import type { VectorSelector } from '../promql/ast.ts';
import type { ColumnStream, SourceSlice } from './columns.ts';
import type { EvalContext } from './context.ts';
import { atMs, offsetMs } from './durations.ts';
import { type Viewpoint, visibleRange } from './lookback.ts';
import { rollupRequest } from './summary-calls.ts';
import { addSelector, timed } from './trace.ts';
import type { Grid } from './value.ts';

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
export function vectorStream(
  context: EvalContext,
  selector: VectorSelector,
  grid: Grid,
  wantTime = false,
): ColumnStream {
  const { lookbackMs } = context;
  const view = viewOf(context, selector, grid);
  const rollups = rollupRequest(view, lookbackMs, undefined);
  const slices = scanSlices(context, selector, view, lookbackMs, rollups);
  const what = { kind: 'newest', wantTime } as const;
  const task = { view, rangeMs: lookbackMs, parameters: [], what };
  return { slices, task, dropName: wantTime };
}

/** Points of a slice, about: enough to be worth handing over, and little to wait for. */
export const SLICE_POINTS = 400_000;
/** Places of the columns that a slice becomes, at most, as long as it has several series. */
const SLICE_PLACES = 500_000;
const SLICE_SERIES = 1024;

/** All points that a range of `rangeMs` sees from any step. */
export async function* scanSlices(
  context: EvalContext,
  selector: VectorSelector,
  view: Viewpoint,
  rangeMs: number,
  rollups: RollupRequest,
): AsyncGenerator<SourceSlice> {
  const { storage, budget, signal, annotations, trace } = context;
  const { steps } = view.grid;
  if (steps === 0) return;
  const request: SliceRequest = {
    selectors: [selector.matchers],
    ...visibleRange(view, rangeMs),
    signal,
    onCorruption: ({ message }) => annotations.damage(message),
    rollups,
    slicePoints: SLICE_POINTS,
    sliceMultiple: Math.max(1, context.compute.parallel),
    sliceSeries: Math.max(1, Math.min(SLICE_SERIES, Math.floor(SLICE_PLACES / steps))),
  };
  const cost = trace === undefined ? undefined : addSelector(trace, selector);
  const slices =
    cost === undefined
      ? storage.scanSlices(request)
      : timed(cost, storage.scanSlices({ ...request, cost }), ({ labels }) => labels.length);
  for await (const slice of slices) {
    budget.takeSeries(slice.labels.length);
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    yield {
      slice,
      take(points) {
        budget.takePoints(points);
        if (cost !== undefined) cost.points += points;
      },
    };
  }
}
