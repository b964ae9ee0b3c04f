// How events in several tables are cut into pieces that fit in memory: ranges of (stream, time),
// and of every table the blocks that have events of them. A stream may be cut, unlike a series of
// points: one of them can be most of a day's log.

import type { EventBlockInfo } from './format.ts';

/** A place in the order of events, to the ms: all events of that ms lie on its near side. */
export interface EventPlace {
  readonly id: number;
  readonly ms: number;
}

/** Before all events, and behind them. */
export const FIRST_PLACE: EventPlace = { id: -1, ms: 0 };
export const LAST_PLACE: EventPlace = { id: Number.POSITIVE_INFINITY, ms: 0 };

export function comparePlaces(a: EventPlace, b: EventPlace): number {
  return a.id === b.id ? a.ms - b.ms : a.id - b.id;
}

export interface EventSlice {
  /** Excluded. */
  readonly after: EventPlace;
  /** Included. */
  readonly upTo: EventPlace;
  /** By table, positions of its blocks [from, to); one that reaches into the next is in both. */
  readonly blocks: readonly { readonly from: number; readonly to: number }[];
}

/**
 * Slices in order that cover every place, and all blocks of `tables`: blocks in the order of their
 * tables. Each has about `bytesMax` of blocks, more where many events share a ms.
 */
export function* sliceEventTables(
  tables: readonly (readonly EventBlockInfo[])[],
  bytesMax: number,
): IterableIterator<EventSlice> {
  const ends = tables.flat().map((info) => ({ place: lastPlace(info), size: info.handle.size }));
  ends.sort((a, b) => comparePlaces(a.place, b.place));
  const next = tables.map(() => 0);
  let after = FIRST_PLACE;
  let bytes = 0;
  for (const [i, { place, size }] of ends.entries()) {
    bytes += size;
    const following = ends[i + 1];
    if (following !== undefined) {
      if (bytes < bytesMax || comparePlaces(following.place, place) === 0) continue;
    }
    const upTo = following === undefined ? LAST_PLACE : place;
    const blocks = tables.map((table, t) => {
      while (next[t]! < table.length && comparePlaces(lastPlace(table[next[t]!]!), after) <= 0) {
        next[t]!++;
      }
      let to = next[t]!;
      while (to < table.length && comparePlaces(firstPlace(table[to]!), upTo) <= 0) to++;
      return { from: next[t]!, to };
    });
    yield { after, upTo, blocks };
    after = upTo;
    bytes = 0;
  }
  if (ends.length === 0) {
    yield { after, upTo: LAST_PLACE, blocks: tables.map(() => ({ from: 0, to: 0 })) };
  }
}

function firstPlace({ firstSeries, firstMs }: EventBlockInfo): EventPlace {
  return { id: firstSeries, ms: firstMs };
}

function lastPlace({ lastSeries, lastMs }: EventBlockInfo): EventPlace {
  return { id: lastSeries, ms: lastMs };
}
