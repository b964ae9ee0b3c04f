// From slices of series to columns over the steps, several slices at a time where there are threads
// for it. The order of the results is that of the slices.

import type { SeriesSlice } from '../../storage/index.ts';
import type { Columns, ColumnTask } from './column-task.ts';
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
}

/** Batches of columns. `dropName`: the result is something else than what the name says. */
export async function* columnsOf(
  context: EvalContext,
  sources: AsyncIterable<SourceSlice>,
  task: ColumnTask,
  dropName: boolean,
): AsyncGenerator<readonly Series[]> {
  const { compute, budget } = context;
  const { steps } = task.view.grid;
  const underWay: Promise<readonly Series[]>[] = [];

  async function computeOne(source: SourceSlice): Promise<readonly Series[]> {
    const columns = await compute.run(source.slice, task);
    source.take(columns.points);
    budget.takeColumns(columns.positions.length, steps);
    return toSeries(source, columns, steps, dropName);
  }

  for await (const source of sources) {
    const computing = computeOne(source);
    // Whoever stops listening early is not told of failures any more.
    computing.catch(() => {});
    underWay.push(computing);
    if (underWay.length > compute.parallel) yield await underWay.shift()!;
  }
  for (const computing of underWay) yield await computing;
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
