// The newest events, in memory, in the order of their writing. A read goes through all of them:
// they are few beside those on disk, and no order is kept up while they come.

import type { EventBatch } from '../event-types.ts';
import type { SeriesId } from '../series/labels.ts';
import type { TimeRange } from '../types.ts';
import { EventBuffer, sortEvents } from './event-columns.ts';

/** Some events of `columns`: positions in their order, none of them twice. */
export interface EventRun {
  readonly columns: EventBatch;
  readonly positions: Uint32Array;
}

export class EventMemtable {
  /** Flush threads read it as it is. */
  readonly #events = new EventBuffer(true);
  readonly #ids = new Set<SeriesId>();
  #minTimestampMs = Number.POSITIVE_INFINITY;
  #maxTimestampMs = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#events.count;
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#events.bytes;
  }

  append(batch: EventBatch): void {
    for (const timestampMs of batch.timestampsMs) {
      if (timestampMs < this.#minTimestampMs) this.#minTimestampMs = timestampMs;
      if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    }
    for (const id of batch.ids) this.#ids.add(id);
    this.#events.append(batch);
  }

  columns(): EventBatch {
    return this.#events.columns();
  }

  /** Whether an event may lie in the range. */
  meets({ startMs, endMs }: TimeRange): boolean {
    return this.#minTimestampMs < endMs && this.#maxTimestampMs >= startMs;
  }

  /** Ids with an event, ascending. */
  seriesIds(): Uint32Array {
    return Uint32Array.from(this.#ids).sort();
  }

  has(id: SeriesId): boolean {
    return this.#ids.has(id);
  }

  /** Events of `ids` (ascending) in the range. */
  read(ids: Uint32Array, { startMs, endMs }: TimeRange): EventRun {
    const columns = this.columns();
    const wanted = new Uint8Array((ids.at(-1) ?? 0) + 1);
    for (const id of ids) wanted[id] = 1;
    const positions = new Uint32Array(columns.ids.length);
    let found = 0;
    for (let i = 0; i < positions.length; i++) {
      const timestampMs = columns.timestampsMs[i]!;
      if (wanted[columns.ids[i]!] !== 1 || timestampMs < startMs || timestampMs >= endMs) continue;
      positions[found++] = i;
    }
    return { columns, positions: sortEvents(columns, positions.subarray(0, found)) };
  }
}
