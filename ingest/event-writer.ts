// The last step of every way in for events: each with its stream's id is held against the rules,
// and those that meet them are appended.

import {
  type Clock,
  EventBuffer,
  encodeLabels,
  type Label,
  type Storage,
} from '../storage/index.ts';
import type { EventTally } from './event-metrics/counters.ts';
import type { IngestLimits } from './limits.ts';
import type { WriteOutcome } from './point-writer.ts';
import { REJECTED_ID_MIN, type Reason, type Rejections } from './reasons.ts';
import { checkLabels, createTimeCheck } from './validate.ts';

export interface EventWriter {
  /**
   * To be awaited before events of series `ids` are added: their policies are asked for, which are
   * read from the index when they were not in use lately. Undefined when there is nothing to read.
   */
  prepare(ids: readonly number[]): Promise<void> | undefined;
  /** Begins a batch; what is refused is counted in `rejections`. */
  open(limits: IngestLimits, rejections: Rejections): OpenEvents;
}

export interface OpenEvents {
  /**
   * Takes one event of a stream with this id, which may say why there is no stream. The body is
   * copied.
   */
  add(
    id: number,
    timestampMs: number,
    nanos: number,
    body: Uint8Array,
    attributes: readonly Label[] | Reason,
  ): void;
  /**
   * Hands the events to storage at once. Resolves when they are as durable as storage promises;
   * rejects when they may not be.
   */
  append(): Promise<Omit<WriteOutcome, 'rejections'>>;
}

const NO_ATTRIBUTES = new Uint8Array(0);

/** `openTally` is asked once for each batch for what counts its events. */
export function createEventWriter(
  storage: Storage,
  clock: Clock,
  openTally: (limits: IngestLimits) => EventTally | undefined = () => undefined,
): EventWriter {
  return {
    prepare(ids) {
      return storage.load(Uint32Array.from(ids.filter((id) => id < REJECTED_ID_MIN)));
    },
    open(limits, rejections) {
      // Made with the first event: most batches have none, and it is seven pieces of memory.
      let events: EventBuffer | undefined;
      const tally = openTally(limits);
      const timeReason = createTimeCheck({ nowMs: clock.nowMs(), limits, storage });

      function take(
        id: number,
        timestampMs: number,
        nanos: number,
        body: Uint8Array,
        attributes: readonly Label[] | Reason,
      ): Reason | undefined {
        const reason = timeReason(timestampMs, id);
        if (reason !== undefined) return reason;
        const encoded = encodeAttributes(attributes, limits);
        if (encoded === undefined) return 'event_attributes';
        if (body.length + encoded.length > limits.eventBytes) return 'event_too_long';
        events ??= new EventBuffer();
        events.add(id, timestampMs, nanos, body, encoded);
        if (typeof attributes !== 'string') tally?.add(id, timestampMs, nanos, body, attributes);
        return undefined;
      }

      return {
        add(id, timestampMs, nanos, body, attributes) {
          if (id >= REJECTED_ID_MIN) {
            rejections.addId(id);
            return;
          }
          const reason = take(id, timestampMs, nanos, body, attributes);
          if (reason !== undefined) rejections.add(reason);
        },
        async append() {
          if (events !== undefined) await storage.appendEvents(events.columns());
          tally?.commit();
          return { accepted: events?.count ?? 0 };
        },
      };
    },
  };
}

/** Canonical bytes of attributes, or undefined when they break a rule. */
function encodeAttributes(
  attributes: readonly Label[] | Reason,
  limits: IngestLimits,
): Uint8Array | undefined {
  if (typeof attributes === 'string' || attributes.length > limits.eventAttributes) {
    return undefined;
  }
  if (attributes.length === 0) return NO_ATTRIBUTES;
  const labels = checkLabels(attributes);
  return typeof labels === 'string' ? undefined : encodeLabels(labels);
}
