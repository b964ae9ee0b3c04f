// Merges events that lie in several places into their one order. What is in two of them is one
// event.

import type { EventBatch } from '../event-types.ts';
import { compareEvents } from './event-columns.ts';
import type { EventRun } from './event-memtable.ts';

/** Goes through events in their order. */
export interface EventCursor {
  /** Where it stands; undefined behind the last event. */
  readonly columns: EventBatch | undefined;
  readonly position: number;
  advance(): void;
}

/** A cursor on its way through a merge; of equal events that of the least rank comes first. */
interface Head {
  readonly cursor: EventCursor;
  readonly rank: number;
}

/** Calls `emit` for every event of the cursors once, in their order. */
export function mergeEvents(
  cursors: readonly EventCursor[],
  emit: (columns: EventBatch, position: number) => void,
): void {
  // A heap: with each table looked at for each event, many tables would be slow to merge.
  const heads: Head[] = cursors
    .map((cursor, rank) => ({ cursor, rank }))
    .filter(({ cursor }) => cursor.columns !== undefined)
    .sort(compareHeads);
  let lastColumns: EventBatch | undefined;
  let lastPosition = 0;
  while (heads.length > 0) {
    const { cursor } = heads[0]!;
    const columns = cursor.columns!;
    const { position } = cursor;
    if (
      lastColumns === undefined ||
      compareEvents(lastColumns, lastPosition, columns, position) !== 0
    ) {
      emit(columns, position);
      lastColumns = columns;
      lastPosition = position;
    }
    cursor.advance();
    if (cursor.columns === undefined) {
      const last = heads.pop()!;
      if (heads.length > 0) heads[0] = last;
    }
    sinkFirst(heads);
  }
}

function compareHeads(a: Head, b: Head): number {
  const order = compareEvents(
    a.cursor.columns!,
    a.cursor.position,
    b.cursor.columns!,
    b.cursor.position,
  );
  return order || a.rank - b.rank;
}

/** Moves the first down to where neither of the two below it is ahead of it. */
function sinkFirst(heads: Head[]): void {
  let at = 0;
  for (let below = 1; below < heads.length; below = 2 * at + 1) {
    const other = below + 1;
    if (other < heads.length && compareHeads(heads[other]!, heads[below]!) < 0) below = other;
    if (compareHeads(heads[at]!, heads[below]!) <= 0) return;
    [heads[at], heads[below]] = [heads[below]!, heads[at]!];
    at = below;
  }
}

/** A class, as one is made for each run: see CONTRIBUTING.md on getters. */
class RunCursor implements EventCursor {
  columns: EventBatch | undefined;
  position: number;
  readonly #positions: EventRun['positions'];
  #at = -1;

  constructor({ columns, positions }: EventRun) {
    this.columns = columns;
    this.position = 0;
    this.#positions = positions;
    this.advance();
  }

  advance(): void {
    this.#at++;
    if (this.#at < this.#positions.length) this.position = this.#positions[this.#at]!;
    else this.columns = undefined;
  }
}

export function runCursor(run: EventRun): EventCursor {
  return new RunCursor(run);
}
