// Which events of a table tombstones hide: those of their streams in their ranges of time.

import type { Tombstone } from '../manifest/edit.ts';
import { rangesHiding } from '../tombstones/hidden.ts';
import type { TimeRange } from '../types.ts';
import type { EventPlace } from './slices.ts';

/** Asks for one stream after the other, as events come; what it finds of a stream it keeps. */
export function createHiding(tombstones: readonly Tombstone[]): (place: EventPlace) => boolean {
  if (tombstones.length === 0) return () => false;
  let id = 0;
  let ranges: readonly TimeRange[] = [];
  return (place) => {
    if (place.id !== id) ranges = rangesHiding(tombstones, place.id);
    id = place.id;
    return ranges.some(({ startMs, endMs }) => place.ms >= startMs && place.ms < endMs);
  };
}
