// Short ways to write events in tests and to read them back.

import {
  EventBuffer,
  type EventFilter,
  type EventScanRequest,
  type EventSearch,
  encodeLabels,
  type Labels,
  type Storage,
  type StoredEvent,
} from '../../storage/index.ts';

export interface TestEvent {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly nanos?: number;
  readonly body: string | Uint8Array;
  readonly attributes?: Labels;
}

/** The range of every time there can be. */
export const ALL_EVENTS: EventScanRequest = {
  selectors: [[]],
  start: { ms: -(2 ** 53), nanos: 0 },
  end: { ms: 2 ** 53 + 2, nanos: 0 },
};

export const NEWEST: EventSearch = {
  ...ALL_EVENTS,
  direction: 'backward',
  limit: 100,
  bytesMax: 2 ** 20,
};

/** Resolves the streams and appends the events as one batch. */
export async function appendEvents(storage: Storage, events: readonly TestEvent[]): Promise<void> {
  const ids = await storage.resolve(events.map(({ labels }) => labels));
  const buffer = new EventBuffer();
  for (const [i, { timestampMs, nanos = 0, body, attributes = [] }] of events.entries()) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    buffer.add(ids[i]!, timestampMs, nanos, bytes, encodeLabels(attributes));
  }
  await storage.appendEvents(buffer.columns());
}

/** A line for each event. */
export function linesOf(events: readonly StoredEvent[]): string[] {
  return events.map(({ labels, timestampMs, nanos, body, attributes }) => {
    const text = Buffer.from(body).toString('latin1');
    return JSON.stringify([labels, timestampMs, nanos, text, attributes]);
  });
}

export async function scanLines(storage: Storage, request = ALL_EVENTS): Promise<string[]> {
  const lines: string[] = [];
  for await (const events of storage.scanEvents(request)) lines.push(...linesOf(events));
  return lines;
}

export function containing(text: string): EventFilter {
  const needle = Buffer.from(text);
  return { contains: [needle], accepts: (body) => Buffer.from(body).includes(needle) };
}
