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

/** Calls `emit` for every event of the cursors once, in their order. */
export function mergeEvents(
  cursors: readonly EventCursor[],
  emit: (columns: EventBatch, position: number) => void,
): void {
  let live = cursors.filter(({ columns }) => columns !== undefined);
  let lastColumns: EventBatch | undefined;
  let lastPosition = 0;
  while (live.length > 0) {
    let least = live[0]!;
    for (let c = 1; c < live.length; c++) {
      const cursor = live[c]!;
      const { columns, position } = cursor;
      if (compareEvents(columns!, position, least.columns!, least.position) < 0) least = cursor;
    }
    const { columns, position } = least;
    if (
      lastColumns === undefined ||
      compareEvents(lastColumns, lastPosition, columns!, position) !== 0
    ) {
      emit(columns!, position);
      lastColumns = columns;
      lastPosition = position;
    }
    least.advance();
    if (least.columns === undefined) live = live.filter((cursor) => cursor !== least);
  }
}

export function runCursor({ columns, positions }: EventRun): EventCursor {
  let at = 0;
  return {
    get columns() {
      return at < positions.length ? columns : undefined;
    },
    get position() {
      return positions[at]!;
    },
    advance() {
      at++;
    },
  };
}
