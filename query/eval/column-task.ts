// The heavy part of a query, as plain data in and plain data out: the series of a slice become
// columns over the steps. It runs where the query runs, or on a thread of its own.

import type { SliceReader } from '../../storage/index.ts';
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

/** Points that ranges of one series may span between two turns; a few ms at the slowest. */
const POINTS_PER_TURN = 200_000;

/** A task under way. */
export interface ColumnWork {
  /** Does a piece of a few ms at most; the result once nothing is left to do. */
  advance(): Columns | undefined;
}

/** Not a generator: V8 takes ten times as long for loops that it inlines into one. */
export function startColumns(reader: SliceReader, count: number, task: ColumnTask): ColumnWork {
  const { steps } = task.view.grid;
  const kernel = kernelOf(task);
  const kernelOfSummaries = summaryCallOf(task.what)?.createKernel(task);
  const windowsOf = createWindowsOf(task.view, task.rangeMs);
  // With a fixed time every step sees the same points, so the first result does for all.
  const isFixed = task.view.atMs !== undefined && task.parameters.length === 0;
  const stepsComputed = isFixed ? 1 : steps;
  const seesStale = task.what.kind === 'newest';
  const positions = new Uint32Array(count);
  const values = new Float64Array(count * steps);
  const present = new Uint8Array(count * steps);
  let position = 0;
  let kept = 0;
  let points = 0;
  let column: Column | undefined;
  let step = 0;

  function begin(): Column | undefined {
    const read = reader.read(position);
    points += read.values.length;
    const { fields } = read;
    const isWhole = seesStale || fields !== undefined;
    const { timestampsMs, values: seen } = isWhole ? read : withoutStale(read);
    if (seen.length === 0) return undefined;
    return {
      timestampsMs,
      values: seen,
      isEvents: read.isEvents === true,
      fields,
      windows: windowsOf(timestampsMs),
      results: values.subarray(kept * steps, (kept + 1) * steps),
      present: present.subarray(kept * steps, (kept + 1) * steps),
    };
  }

  function finish({ results, present: there }: Column): void {
    if (isFixed) {
      results.fill(results[0]!);
      there.fill(there[0]!);
    }
    if (there.includes(1)) positions[kept++] = position;
  }

  return {
    advance() {
      if (position === count) {
        return {
          positions: positions.subarray(0, kept),
          values: values.subarray(0, kept * steps),
          present: present.subarray(0, kept * steps),
          points,
        };
      }
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
function turnEnd({ firsts, ends }: Windows, from: number, steps: number): number {
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
