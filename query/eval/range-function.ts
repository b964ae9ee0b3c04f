// What a range function is given, and the columns it makes.

import type { Budget } from './budget.ts';
import { slide, type Viewpoint, viewTimeMs, type Window } from './lookback.ts';
import type { SortedWindow } from './sorted-window.ts';
import { emptySeries, type Points, type Series, stepTimeMs } from './value.ts';

/** The points in one range of one series. The object is reused from range to range. */
export interface RangeInput extends Window {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** See Points. */
  readonly isEvents: boolean;
  /**
   * For functions that go on from the range before: an index, and the end it is true up to; or
   * the values in order.
   */
  readonly memory: { index: number; end: number; sorted: SortedWindow | undefined };
  /** The time evaluated at; with `@` or `offset`, not the end of the range. */
  timeMs: number;
}

/** Pure but for `memory`; undefined says that there is no result, NaN is one. */
export type RangeFunction = (
  input: RangeInput,
  parameters: readonly number[],
) => number | undefined;

/** The range each step looks at, and the scalar arguments at each step. */
export interface RangePlan {
  readonly view: Viewpoint;
  readonly rangeMs: number;
  readonly parameters: readonly Float64Array[];
}

/** Points that ranges of one series may span between two turns; a few ms at the slowest. */
const POINTS_PER_TURN = 200_000;

/** One column from one series; undefined when no step has a result. */
export async function rangeColumn(
  compute: RangeFunction,
  points: Points,
  plan: RangePlan,
  dropName: boolean,
  budget: Pick<Budget, 'turn'>,
): Promise<Series | undefined> {
  const { view, rangeMs } = plan;
  const { grid } = view;
  const series = emptySeries(points.labels, grid.steps, dropName || points.dropName);
  const { timestampsMs, values, isEvents = false } = points;
  const input: RangeInput = {
    timestampsMs,
    values,
    isEvents,
    first: 0,
    end: 0,
    startMs: 0,
    endMs: 0,
    timeMs: 0,
    memory: { index: -1, end: 0, sorted: undefined },
  };
  const parameters = plan.parameters.map(() => 0);
  // With a fixed time every step sees the same points, so the first result does for all.
  const fixed = view.atMs !== undefined && parameters.length === 0;
  let found = 0;
  let spanned = 0;
  for (let step = 0; step < grid.steps; step++) {
    if (fixed && step > 0) {
      series.values[step] = series.values[0]!;
      series.present[step] = series.present[0]!;
      continue;
    }
    slide(input, points, viewTimeMs(view, step), rangeMs);
    if (input.first === input.end) continue;
    input.timeMs = stepTimeMs(grid, step);
    spanned += input.end - input.first;
    if (spanned > POINTS_PER_TURN) {
      spanned = 0;
      const turn = budget.turn();
      if (turn !== undefined) await turn;
    }
    for (let i = 0; i < parameters.length; i++) parameters[i] = plan.parameters[i]![step]!;
    const result = compute(input, parameters);
    if (result === undefined) continue;
    series.values[step] = result;
    series.present[step] = 1;
    found++;
  }
  return found === 0 ? undefined : series;
}

/** Columns of a batch of series. */
export async function rangeColumns(
  compute: RangeFunction,
  batch: readonly Points[],
  plan: RangePlan,
  dropName: boolean,
  budget: Budget,
): Promise<Series[]> {
  const columns: Series[] = [];
  for (const points of batch) {
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    const column = await rangeColumn(compute, points, plan, dropName, budget);
    if (column === undefined) continue;
    budget.takeColumns(1, plan.view.grid.steps);
    columns.push(column);
  }
  return columns;
}
