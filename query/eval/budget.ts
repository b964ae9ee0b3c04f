// What one query may use. Asked while it scans and computes, not after.

import { QueryError } from '../errors.ts';
import { limitNote, type QueryLimits } from '../limits.ts';
import { msInTurn, nextTurn } from './turns.ts';
import type { Series } from './value.ts';

export interface Budget {
  /** Series met by a selector. */
  takeSeries(count: number): void;
  /** Points read from storage or made by a subquery. */
  takePoints(count: number): void;
  /** Columns of a result or an operand, `steps` places each. */
  takeColumns(count: number, steps: number): void;
  /**
   * Between pieces of work: throws when the deadline has passed, and every few
   * milliseconds lets others on this thread have their turn.
   */
  turn(): Promise<void> | undefined;
  points(): number;
}

/** How long queries compute, one or several, before one lets the event loop turn. */
const TURN_MS = 2;
const POINT_BYTES = 16;
const COLUMN_PLACE_BYTES = 9;

/** `items.map(compute)`, with a turn between one and the next. */
export async function mapInTurns<In, Out>(
  budget: Pick<Budget, 'turn'>,
  items: readonly In[],
  compute: (item: In) => Out,
): Promise<Out[]> {
  const results: Out[] = [];
  for (const item of items) {
    const turn = budget.turn();
    if (turn !== undefined) await turn;
    results.push(compute(item));
  }
  return results;
}

/** Series with `compute` made of each of their values, which are then not what the name says. */
export function mapValues(
  budget: Pick<Budget, 'turn'>,
  series: readonly Series[],
  compute: (value: number, step: number) => number,
): Promise<Series[]> {
  return mapInTurns(budget, series, (one) => ({
    ...one,
    values: one.values.map(compute),
    dropName: true,
  }));
}

/** `signal` is the query's deadline. */
export function createBudget(limits: QueryLimits, signal: AbortSignal): Budget {
  let series = 0;
  let points = 0;
  let bytes = 0;

  function checkBytes(): void {
    if (bytes <= limits.bytesMax) return;
    const note = limitNote(limits, 'bytesMax');
    throw new QueryError('execution', `query would hold too many bytes in memory${note}`);
  }

  async function letOthersRun(): Promise<void> {
    await nextTurn();
    signal.throwIfAborted();
  }

  return {
    takeSeries(count) {
      series += count;
      if (series <= limits.seriesMax) return;
      const note = limitNote(limits, 'seriesMax');
      throw new QueryError('execution', `query selects too many series${note}`);
    },
    takePoints(count) {
      points += count;
      bytes += count * POINT_BYTES;
      if (points > limits.samplesMax) {
        throw new QueryError(
          'execution',
          'query processing would load too many samples into memory in query execution' +
            limitNote(limits, 'samplesMax'),
        );
      }
      checkBytes();
    },
    takeColumns(count, steps) {
      bytes += count * steps * COLUMN_PLACE_BYTES;
      checkBytes();
    },
    turn() {
      signal.throwIfAborted();
      return msInTurn() < TURN_MS ? undefined : letOthersRun();
    },
    points: () => points,
  };
}
