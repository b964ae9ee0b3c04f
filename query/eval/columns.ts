// From slices of series to columns over the steps, several slices at a time where there are threads
// for it. The order of the results is that of the slices.

import type { Labels, SeriesSlice } from '../../storage/index.ts';
import type { AccumulatorKind, AccumulatorState } from './accumulator.ts';
import {
  type Columns,
  type ColumnTask,
  type Folding,
  type Folds,
  NO_GROUP,
} from './column-task.ts';
import type { EvalContext } from './context.ts';
import type { Series } from './value.ts';

/** Series on their way to becoming columns. */
export interface SourceSlice {
  readonly slice: SeriesSlice;
  /** By position, whether a series will lose its name; absent: none does. */
  readonly dropNames?: readonly boolean[];
  /** Told how many points were read. */
  take(points: number): void;
}

/** Runs tasks: on this thread or on others. */
export interface ColumnCompute {
  /** Slices that are worth having under way at once. */
  readonly parallel: number;
  /** Rejects with the reason of the query's signal as soon as that is aborted. */
  run(slice: SeriesSlice, task: ColumnTask): Promise<Columns>;
  /** The same, with the columns added up. */
  fold(slice: SeriesSlice, task: ColumnTask, folding: Folding): Promise<Folds>;
}

/** Columns that are yet to be computed. */
export interface ColumnStream {
  readonly slices: AsyncIterable<SourceSlice>;
  readonly task: ColumnTask;
  /** The result is something else than what the name says. */
  readonly dropName: boolean;
  /** Told the labels of series that have a result, slice by slice. */
  tell?(labels: readonly Labels[]): void;
}

/** Batches of columns. */
export async function* columnsOf(
  context: EvalContext,
  stream: ColumnStream,
): AsyncGenerator<readonly Series[]> {
  const { compute, budget } = context;
  const { task, dropName } = stream;
  const { steps } = task.view.grid;
  yield* inOrder(context, stream, async (source) => {
    const columns = await compute.run(source.slice, task);
    source.take(columns.points);
    budget.takeColumns(columns.positions.length, steps);
    tellOf(stream, source, columns);
    return toSeries(source, columns, steps, dropName);
  });
}

/** What the series of one slice add up to. */
export interface SliceFolds {
  readonly parts: readonly GroupPart[];
  /** How many series that were. */
  readonly series: number;
}

export interface GroupPart {
  readonly group: number;
  readonly state: AccumulatorState;
  readonly dropName: boolean;
}

/** The same, added up by group where they are computed. `groupOf` gives the number of one. */
export async function* foldsOf(
  context: EvalContext,
  stream: ColumnStream,
  kind: AccumulatorKind,
  groupOf: (labels: Labels) => number,
): AsyncGenerator<SliceFolds> {
  yield* inOrder(context, stream, async (source) => {
    const { slice, dropNames } = source;
    const groups = Uint32Array.from(slice.labels, (labels) =>
      labels === undefined ? NO_GROUP : groupOf(labels),
    );
    const folds = await context.compute.fold(slice, stream.task, { kind, groups });
    source.take(folds.points);
    tellOf(stream, source, folds);
    const dropping = new Set<number>();
    if (dropNames !== undefined) {
      for (const at of folds.positions) if (dropNames[at] === true) dropping.add(groups[at]!);
    }
    const parts = folds.groups.map(({ group, state }) => {
      return { group, state, dropName: stream.dropName || dropping.has(group) };
    });
    return { parts, series: folds.positions.length };
  });
}

/** Several slices are under way at once; results come in the order of the slices. */
async function* inOrder<Result>(
  { compute }: EvalContext,
  { slices }: ColumnStream,
  computeOne: (source: SourceSlice) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  for await (const source of slices) {
    const computing = computeOne(source);
    // Whoever stops listening early is not told of failures any more.
    computing.catch(() => {});
    underWay.push(computing);
    if (underWay.length > compute.parallel) yield await underWay.shift()!;
  }
  for (const computing of underWay) yield await computing;
}

function tellOf(
  { tell }: ColumnStream,
  { slice }: SourceSlice,
  { positions }: { readonly positions: Uint32Array },
): void {
  if (tell === undefined || positions.length === 0) return;
  tell(Array.from(positions, (position) => slice.labels[position] ?? []));
}

function toSeries(
  { slice, dropNames }: SourceSlice,
  { positions, values, present }: Columns,
  steps: number,
  dropName: boolean,
): readonly Series[] {
  const series: Series[] = [];
  for (const [at, position] of positions.entries()) {
    const labels = slice.labels[position];
    if (labels === undefined) continue;
    series.push({
      labels,
      values: values.subarray(at * steps, (at + 1) * steps),
      present: present.subarray(at * steps, (at + 1) * steps),
      dropName: dropName || dropNames?.[position] === true,
    });
  }
  return series;
}
