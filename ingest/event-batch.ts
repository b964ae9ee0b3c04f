// Events one by one, each of a stream that its labels name, on their way into storage: what doors
// other than varve's own decode logs into.

import type { Label, Storage } from '../storage/index.ts';
import { splitNanos } from './decode/events.ts';
import type { EventWriter } from './event-writer.ts';
import type { IngestLimits } from './limits.ts';
import type { WriteOutcome } from './point-writer.ts';
import { createRejections, type Reason } from './reasons.ts';
import { knownId, type SeriesCache } from './series-cache.ts';
import type { SeriesGuard } from './series-guard.ts';
import { createSeriesLookup } from './series-lookup.ts';
import { checkSizes } from './validate.ts';

export interface NewEvent {
  readonly timestampNs: bigint;
  readonly body: Uint8Array;
  /** In any order. */
  readonly attributes: readonly Label[];
}

export interface EventBatch {
  /** Events added so far. */
  size(): number;
  /**
   * `key` always stands for the same labels in this door; `labels` is asked when it is new, for the
   * labels in any order or for why they cannot be a stream.
   */
  add(key: string, labels: () => readonly Label[] | Reason, event: NewEvent): void;
}

/** A batch as its owner sees it, who writes it once it is filled. */
export interface OpenEventBatch extends EventBatch {
  /** Resolves once the events are durable, what is refused of them counted. */
  write(): Promise<WriteOutcome>;
}

export interface EventBatchOptions {
  readonly storage: Storage;
  readonly writer: EventWriter;
  readonly cache: SeriesCache;
  readonly limits: IngestLimits;
  /** All of them have to let a new stream in. */
  readonly guards: readonly SeriesGuard[];
}

export function createEventBatch(options: EventBatchOptions): OpenEventBatch {
  const { storage, writer, cache, limits, guards } = options;
  const rejections = createRejections();
  const lookup = createSeriesLookup({ storage, limits, guards, rejections });
  const added: { readonly event: NewEvent; id: number }[] = [];

  function checked(labels: readonly Label[] | Reason): readonly Label[] | Reason {
    return typeof labels === 'string' ? labels : (checkSizes(labels, limits) ?? labels);
  }

  return {
    size: () => added.length,
    add(key, labels, event) {
      const entry = { event, id: 0 };
      added.push(entry);
      const known = knownId(cache, key, storage);
      lookup.add(
        known,
        () => checked(labels()),
        (id) => {
          entry.id = id;
          if (known === 0) cache.set(key, id);
        },
      );
    },
    async write() {
      await lookup.settle();
      await writer.prepare(added.map(({ id }) => id));
      const open = writer.open(limits, rejections);
      for (const { event, id } of added) {
        const { timestampMs, nanos } = splitNanos(event.timestampNs);
        open.add(id, timestampMs, nanos, event.body, event.attributes);
      }
      const { accepted } = await open.append();
      return { accepted, rejections };
    },
  };
}
