// The jobs of query's own threads. See storage's for how they are called.

import { type EncodedSlice, openSlice } from '../../storage/index.ts';
import { QueryError } from '../errors.ts';
import {
  type Columns,
  type ColumnTask,
  type Folding,
  type Folds,
  startColumns,
  startFolds,
  type Work,
} from '../eval/column-task.ts';

export const COLUMNS_JOB = 'columns';

export interface ColumnsInput {
  readonly slice: EncodedSlice;
  /** Series in the slice. */
  readonly count: number;
  readonly task: ColumnTask;
  /** How columns are added up; absent: they are wanted themselves. */
  readonly folding?: Folding;
  /** Shared with whoever asked, who writes 1 into it once the result is not wanted any more. */
  readonly isOver: Int32Array;
}

export function runQueryJob(name: string, input: unknown): unknown {
  if (name !== COLUMNS_JOB) throw new Error(`there is no job called ${name}`);
  return runColumns(input as ColumnsInput);
}

function runColumns({ slice, count, task, folding, isOver }: ColumnsInput): Columns | Folds {
  const reader = openSlice(slice);
  return folding === undefined
    ? finish(startColumns(reader, count, task), isOver)
    : finish(startFolds(reader, count, task, folding), isOver);
}

function finish<Result>(work: Work<Result>, isOver: Int32Array): Result {
  for (;;) {
    if (Atomics.load(isOver, 0) !== 0) throw new QueryError('canceled', 'the query is over');
    const result = work.advance();
    if (result !== undefined) return result;
  }
}
