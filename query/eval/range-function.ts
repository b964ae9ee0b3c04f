// What a range function is given, and how its results become a column.

import { type Viewpoint, viewTimeMs, type Window } from './lookback.ts';
import type { SortedWindow } from './sorted-window.ts';
import { stepTimeMs } from './value.ts';
import type { Windows } from './windows.ts';

/** The points in one range of one series. The object is reused from range to range. */
export interface RangeInput extends Window {
  timestampsMs: Float64Array;
  values: Float64Array;
  /**
   * For functions that go on from the range before: an index, and the end it is true up to; or
   * the values in order.
   */
  memory: { index: number; end: number; sorted: SortedWindow | undefined };
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

/** One series and the column that is made of it. */
export interface Column {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** Whether no value is NaN or below the one before it, for sure. */
  readonly isRising: boolean;
  /** Whether each point stands for an event: see event-functions.ts. */
  readonly isEvents: boolean;
  /** Of summaries, the fields that the call asked for; `values` is the first of them. */
  readonly fields: readonly Float64Array[] | undefined;
  readonly windows: Windows;
  /** By step. Where nothing is written there is no result. */
  readonly results: Float64Array;
  readonly present: Uint8Array;
}

/** Computes the steps [from, to) of a column; of one column they come in order, from 0 on. */
export type Kernel = (column: Column, from: number, to: number) => void;

/** An empty range, for whoever fills it in before each call. */
export function createRangeInput(): RangeInput {
  return {
    timestampsMs: new Float64Array(0),
    values: new Float64Array(0),
    first: 0,
    end: 0,
    startMs: 0,
    endMs: 0,
    timeMs: 0,
    memory: { index: -1, end: 0, sorted: undefined },
  };
}

/** Calls `compute` for every step that sees a point. */
export function createKernel(compute: RangeFunction, plan: RangePlan): Kernel {
  const parameters = plan.parameters.map(() => 0);
  const input = createRangeInput();
  return (column, from, to) => {
    if (from === 0) {
      input.timestampsMs = column.timestampsMs;
      input.values = column.values;
      input.memory = { index: -1, end: 0, sorted: undefined };
    }
    callForSteps(compute, input, plan, parameters, column, from, to);
  };
}

function callForSteps(
  compute: RangeFunction,
  input: RangeInput,
  { view, rangeMs, parameters: columns }: RangePlan,
  parameters: number[],
  { windows, results, present }: Column,
  from: number,
  to: number,
): void {
  for (let step = from; step < to; step++) {
    input.first = windows.firsts[step]!;
    input.end = windows.ends[step]!;
    if (input.first === input.end) continue;
    input.endMs = viewTimeMs(view, step);
    input.startMs = input.endMs - rangeMs;
    input.timeMs = stepTimeMs(view.grid, step);
    for (let i = 0; i < parameters.length; i++) parameters[i] = columns[i]![step]!;
    const result = compute(input, parameters);
    if (result === undefined) continue;
    results[step] = result;
    present[step] = 1;
  }
}
