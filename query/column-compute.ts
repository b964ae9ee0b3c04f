// Where columns are computed: small tasks on this thread, which takes less than handing them over;
// heavy ones on threads of their own, so that an acknowledgement does not wait for them.

import type { Compute, SeriesSlice } from '../storage/index.ts';
import type { Budget } from './eval/budget.ts';
import {
  type Columns,
  type ColumnTask,
  type Folding,
  type Folds,
  readsPointsOnce,
  startColumns,
  startFolds,
  type Work,
} from './eval/column-task.ts';
import type { ColumnCompute } from './eval/columns.ts';
import { COLUMNS_JOB, type ColumnsInput } from './workers/jobs.ts';

/** Threads that evaluate; absent, everything runs on the thread that asks. */
export interface QueryThreads extends Compute {
  readonly size: number;
}

/** Points that ranges span, and places of columns, below which a task stays here: 1 or 2 ms. */
const LIGHT_WORK = 200_000;
/** What a point takes that is decoded already, as a part of one that is not. */
const DECODED_WORK = 1 / 4;

/**
 * For one query. `signal` is its deadline; whoever calls closes the result at its end, so that no
 * thread goes on with what nobody wants any more.
 */
export function createColumnCompute(
  threads: QueryThreads | undefined,
  budget: Budget,
  signal: AbortSignal,
): ColumnCompute & { close(): void } {
  const isOver = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});

  async function runHere<Result>(work: Work<Result>): Promise<Result> {
    for (;;) {
      const turn = budget.turn();
      if (turn !== undefined) await turn;
      const result = work.advance();
      if (result !== undefined) return result;
    }
  }

  function runThere<Result>(
    on: QueryThreads,
    slice: SeriesSlice,
    task: ColumnTask,
    folding?: Folding,
  ): Promise<Result> {
    signal.throwIfAborted();
    const encoded = slice.encode();
    const input: ColumnsInput = {
      slice: encoded,
      count: slice.labels.length,
      task,
      isOver,
      ...(folding !== undefined && { folding }),
    };
    const ofEvents = encoded.events === undefined ? [] : [encoded.events];
    const owned = [...encoded.memory, ...ofEvents].flatMap((one) => [one.timestampsMs, one.values]);
    const transfer = owned.map((column) => column.buffer as ArrayBuffer);
    return Promise.race([on.run<ColumnsInput, Result>(COLUMNS_JOB, input, transfer), aborted]);
  }

  return {
    parallel: threads?.size ?? 0,
    async run(slice, task) {
      return threads === undefined || workOf(slice, task) < LIGHT_WORK
        ? runHere(startColumns(slice.open(), slice.labels.length, task))
        : runThere<Columns>(threads, slice, task);
    },
    async fold(slice, task, folding) {
      return threads === undefined || workOf(slice, task) < LIGHT_WORK
        ? runHere(startFolds(slice.open(), slice.labels.length, task, folding))
        : runThere<Folds>(threads, slice, task, folding);
    },
    close() {
      Atomics.store(isOver, 0, 1);
    },
  };
}

/** How much there is to do, in points and places: a point counts as often as it is looked at. */
function workOf(slice: SeriesSlice, task: ColumnTask): number {
  const { steps, stepMs } = task.view.grid;
  const { pointsMax, pointsDecoded, labels } = slice;
  const places = labels.length * steps;
  if (readsPointsOnce(task.what)) {
    return pointsMax - pointsDecoded + pointsDecoded * DECODED_WORK + places;
  }
  return pointsMax * Math.min(steps, 1 + task.rangeMs / stepMs) + places;
}
