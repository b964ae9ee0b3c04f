// The heavy part of a query, as plain data in and plain data out: the series of a slice become
// columns over the steps. It runs where the query runs, or on a thread of its own.

import type { SliceReader } from '../../storage/index.ts';
import {
  type Accumulator,
  type AccumulatorKind,
  type AccumulatorState,
  createAccumulator,
} from './accumulator.ts';
import { type Extension, extendedFunction, type Margins } from './extended-functions.ts';
import { createNewestKernel, withoutStale } from './lookback.ts';
import { type Column, createKernel, type Kernel, type RangePlan } from './range-function.ts';
import { createRangeKernel, hasKernel } from './range-functions.ts';
import { summaryCall } from './summary-calls.ts';
import { createWindowsOf, type Windows } from './windows.ts';

/** What to make of each series. */
export interface ColumnTask extends RangePlan {
  readonly what:
    | { readonly kind: 'newest'; readonly wantTime: boolean }
    | { readonly kind: 'call'; readonly name: string }
    | {
        readonly kind: 'extended';
        readonly name: string;
        readonly extension: Extension;
        readonly margins: Margins;
      };
}

/** Columns of the series that have a result at any step. */
export interface Columns {
  /** In the slice, ascending. */
  readonly positions: Uint32Array;
  /** `steps` places for each position. */
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** Points that were read. */
  readonly points: number;
}

/** How columns are added up where they are computed, instead of being handed out. */
export interface Folding {
  readonly kind: AccumulatorKind;
  /** By position, the number of the group that the series is in, or NO_GROUP to leave it out. */
  readonly groups: Uint32Array;
}

export const NO_GROUP = 2 ** 32 - 1;

/** What the columns of a slice add up to. */
export interface Folds {
  /** Of the series that have a result at any step, ascending. */
  readonly positions: Uint32Array;
  /** In the order of their first series. */
  readonly groups: readonly { readonly group: number; readonly state: AccumulatorState }[];
  /** Points that were read. */
  readonly points: number;
}

/** Points that ranges of one series may span between two turns; a few ms at the slowest. */
const POINTS_PER_TURN = 200_000;

/** A task under way. */
export interface Work<Result> {
  /** Does a piece of a few ms at most; the result once nothing is left to do. */
  advance(): Result | undefined;
}

/** Where columns go, one after another. */
interface Sink<Result> {
  /** Space for the next column, with nothing present. */
  space(): Pick<Column, 'results' | 'present'>;
  /** The column last asked for has a result. */
  take(position: number): void;
  finish(points: number): Result;
}

export function startColumns(reader: SliceReader, count: number, task: ColumnTask): Work<Columns> {
  return startWork(reader, count, task, createColumnSink(count, task.view.grid.steps));
}

/** Needs memory for one column and for the groups. */
export function startFolds(
  reader: SliceReader,
  count: number,
  task: ColumnTask,
  folding: Folding,
): Work<Folds> {
  return startWork(reader, count, task, createFoldSink(count, task.view.grid.steps, folding));
}

function createColumnSink(count: number, steps: number): Sink<Columns> {
  const positions = new Uint32Array(count);
  const values = new Float64Array(count * steps);
  const present = new Uint8Array(count * steps);
  let kept = 0;
  return {
    space: () => ({
      results: values.subarray(kept * steps, (kept + 1) * steps),
      present: present.subarray(kept * steps, (kept + 1) * steps),
    }),
    take(position) {
      positions[kept++] = position;
    },
    finish: (points) => ({
      positions: positions.subarray(0, kept),
      values: values.subarray(0, kept * steps),
      present: present.subarray(0, kept * steps),
      points,
    }),
  };
}

function createFoldSink(count: number, steps: number, { kind, groups }: Folding): Sink<Folds> {
  const positions = new Uint32Array(count);
  const space = { results: new Float64Array(steps), present: new Uint8Array(steps) };
  const accumulators = new Map<number, Accumulator>();
  let kept = 0;
  return {
    space() {
      space.present.fill(0);
      return space;
    },
    take(position) {
      const group = groups[position]!;
      if (group === NO_GROUP) return;
      positions[kept++] = position;
      let accumulator = accumulators.get(group);
      if (accumulator === undefined) {
        accumulator = createAccumulator(kind, steps);
        accumulators.set(group, accumulator);
      }
      accumulator.add(space.results, space.present);
    },
    finish: (points) => ({
      positions: positions.subarray(0, kept),
      groups: Array.from(accumulators, ([group, { state }]) => ({ group, state })),
      points,
    }),
  };
}

/** Not a generator: V8 takes ten times as long for loops that it inlines into one. */
function startWork<Result>(
  reader: SliceReader,
  count: number,
  task: ColumnTask,
  sink: Sink<Result>,
): Work<Result> {
  const { steps } = task.view.grid;
  const kernel = kernelOf(task);
  const kernelOfSummaries = summaryCallOf(task.what)?.createKernel(task);
  const windowsOf = createWindowsOf(task.view, task.rangeMs);
  // With a fixed time every step sees the same points, so the first result does for all.
  const isFixed = task.view.atMs !== undefined && task.parameters.length === 0;
  const stepsComputed = isFixed ? 1 : steps;
  const seesStale = task.what.kind === 'newest';
  let position = 0;
  let points = 0;
  let column: Column | undefined;
  let step = 0;

  function begin(): Column | undefined {
    const read = reader.read(position);
    points += read.values.length;
    const { fields, shape } = read;
    const isWhole = seesStale || fields !== undefined || shape !== undefined;
    const { timestampsMs, values } = isWhole ? read : withoutStale(read);
    if (values.length === 0) return undefined;
    const { results, present } = sink.space();
    return {
      timestampsMs,
      values,
      isRising: shape === 'rising',
      isEvents: read.isEvents === true,
      fields,
      windows: windowsOf(timestampsMs),
      results,
      present,
    };
  }

  function finish({ results, present }: Column): void {
    if (isFixed) {
      results.fill(results[0]!);
      present.fill(present[0]!);
    }
    if (present.includes(1)) sink.take(position);
  }

  return {
    advance() {
      if (position === count) return sink.finish(points);
      column ??= begin();
      if (column !== undefined) {
        const to = turnEnd(column.windows, step, stepsComputed);
        (column.fields === undefined ? kernel : kernelOfSummaries!)(column, step, to);
        step = to;
        if (step < stepsComputed) return undefined;
        finish(column);
      }
      column = undefined;
      step = 0;
      position++;
      return undefined;
    },
  };
}

/** The step up to which ranges span POINTS_PER_TURN. */
function turnEnd({ firsts, ends, spanned: all }: Windows, from: number, steps: number): number {
  if (all <= POINTS_PER_TURN) return steps;
  let spanned = 0;
  let to = from;
  while (to < steps && spanned < POINTS_PER_TURN) {
    spanned += ends[to]! - firsts[to]!;
    to++;
  }
  return to;
}

/** Whether a point costs the same however many ranges it is in. */
export function readsPointsOnce(what: ColumnTask['what']): boolean {
  return what.kind === 'newest' || (what.kind === 'call' && hasKernel(what.name));
}

/** How summaries are taken; undefined when there must not be any. */
export function summaryCallOf(what: ColumnTask['what']): ReturnType<typeof summaryCall> {
  return what.kind === 'call' ? summaryCall(what.name) : undefined;
}

function kernelOf(task: ColumnTask): Kernel {
  const { what } = task;
  switch (what.kind) {
    case 'newest':
      return createNewestKernel(what.wantTime);
    case 'call':
      return createRangeKernel(what.name, task);
    case 'extended': {
      const { name, extension, margins } = what;
      return createKernel(extendedFunction(name, extension, margins), task);
    }
  }
}
