// Events of the naive model: a map from what an event is to the event.

import { bytesAt } from '../../storage/coding/byte-column.ts';
import type {
  EventBatch,
  EventScanRequest,
  EventSearch,
  EventTime,
  Labels,
  StoredEvent,
} from '../../storage/index.ts';
import { decodeLabels } from '../../storage/series/labels-codec.ts';

export interface NaiveEvents {
  append(batch: EventBatch, labelsOf: (id: number) => Labels): void;
  /** By stream, time and body. */
  all(): readonly StoredEvent[];
  /** Those of the streams in the range, in the order of `all`. */
  scan(ids: ReadonlySet<number>, request: EventScanRequest): StoredEvent[];
  find(ids: ReadonlySet<number>, search: EventSearch): StoredEvent[];
  drop(isDropped: (event: StoredEvent) => boolean): void;
}

export function createNaiveEvents(): NaiveEvents {
  const events = new Map<string, StoredEvent>();
  const all = () => [...events.values()].sort((a, b) => a.id - b.id || compareInStream(a, b));
  const scan = (ids: ReadonlySet<number>, { start, end, filter }: EventScanRequest) =>
    all().filter(
      (event) =>
        ids.has(event.id) &&
        compareTimes(timeOf(event), start) >= 0 &&
        compareTimes(timeOf(event), end) < 0 &&
        (filter?.accepts(event.body) ?? true),
    );
  return {
    append(batch, labelsOf) {
      for (let i = 0; i < batch.ids.length; i++) {
        const event: StoredEvent = {
          id: batch.ids[i]!,
          labels: labelsOf(batch.ids[i]!),
          timestampMs: batch.timestampsMs[i]!,
          nanos: batch.nanos[i]!,
          body: bytesAt(batch.bodies, i).slice(),
          attributes: decodeLabels(bytesAt(batch.attributes, i).slice()),
        };
        const key = eventText(event);
        if (!events.has(key)) events.set(key, event);
      }
    },
    all,
    scan,
    find(ids, search) {
      const found = scan(ids, search).sort(
        (a, b) => compareTimes(timeOf(a), timeOf(b)) || a.id - b.id || compareInStream(a, b),
      );
      if (search.direction === 'backward') found.reverse();
      return found.slice(0, search.limit);
    },
    drop(isDropped) {
      for (const [key, event] of events) if (isDropped(event)) events.delete(key);
    },
  };
}

/** What an event is, as text. */
export function eventText({ id, timestampMs, nanos, body }: StoredEvent): string {
  return `${id} ${timestampMs} ${nanos} ${Buffer.from(body).toString('latin1')}`;
}

function timeOf({ timestampMs, nanos }: StoredEvent): EventTime {
  return { ms: timestampMs, nanos };
}

function compareTimes(a: EventTime, b: EventTime): number {
  return a.ms - b.ms || a.nanos - b.nanos;
}

function compareInStream(a: StoredEvent, b: StoredEvent): number {
  return compareTimes(timeOf(a), timeOf(b)) || Buffer.compare(a.body, b.body);
}
