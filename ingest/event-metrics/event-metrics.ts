// Counters made of events as they arrive, written as points every few seconds through a door of
// their own: with the limits, the counts of what is refused and the shutdown of any other.
//
// A counter's series goes on where it was before a restart, when that is not long ago: its newest
// point is read, and written once more at the time of the first event, so that `increase` over what
// follows has something to begin with. A series without a past begins at 0 there.

import type { Matcher, Scheduler } from '../../storage/index.ts';
import { createDoor, type DoorContext, type DoorRequest } from '../door.ts';
import type { IngestLimits } from '../limits.ts';
import { ANYBODY } from '../sender.ts';
import { createEventCounters, type EventCounter, type EventTally } from './counters.ts';
import type { EventMetricRule } from './rule.ts';

/** Between two writes: counters need no more, whatever comes in. */
const WRITE_EVERY_MS = 5000;
/** A counter without events for so long is written no more, and forgotten ... */
const IDLE_MS = 3_600_000;
/** ... so that whatever is older is a counter of long ago. */
const PAST_MS = 3_600_000;
/** Counters whose past is read at a time, and counters of one batch of points. */
const BATCH_COUNTERS = 4096;

export interface EventMetrics {
  /** Counts a batch of events; undefined when there is nothing to count. */
  open(limits: IngestLimits): EventTally | undefined;
  setRules(rules: readonly EventMetricRule[]): void;
  /** Writes what was counted last, and nothing more afterwards. */
  close(): Promise<void>;
}

export interface EventMetricsOptions {
  readonly context: DoorContext;
  readonly scheduler: Scheduler;
  readonly rules: readonly EventMetricRule[];
}

export function createEventMetrics(options: EventMetricsOptions): EventMetrics {
  const { context, scheduler } = options;
  const { storage, nowMs, monotonicMs } = context;
  const labelsOf = (id: number) => storage.labelsOf(id);
  const counters = createEventCounters({ rules: options.rules, labelsOf, nowMs, monotonicMs });
  // Goes on while all else drains.
  const draining = new AbortController().signal;
  const door = createDoor('event_metrics', { ...context, findSender: () => ANYBODY, draining });
  let writing: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;
  let isClosed = false;

  function schedule(): void {
    if (isClosed || cancel !== undefined) return;
    cancel = scheduler.after(WRITE_EVERY_MS, () => {
      cancel = undefined;
      void write().then(() => {
        if (counters.all().length > 0) schedule();
      });
    });
  }

  /** What fails is counted by the door, and comes with the next write: totals lose nothing. */
  function write(): Promise<void> {
    writing = writing.then(() => door.run(undefined, writeAll)).catch(() => {});
    return writing;
  }

  async function writeAll(request: DoorRequest): Promise<void> {
    const all = counters.all();
    let from = 0;
    do {
      const some = all.slice(from, from + BATCH_COUNTERS);
      await readPast(some.filter(({ startValue }) => startValue === undefined));
      await writeSome(some, request);
      from += BATCH_COUNTERS;
    } while (from < all.length);
    counters.forgetIdle(monotonicMs() - IDLE_MS);
  }

  async function writeSome(some: readonly EventCounter[], request: DoorRequest): Promise<void> {
    const batch = request.createBatch();
    const atMs = nowMs();
    /** By position in the batch, whose point it is. */
    const owners: EventCounter[] = [];
    for (const counter of some) {
      const { labels, startMs, startValue = 0, added, isStarted } = counter;
      const slot = batch.series(JSON.stringify(labels), () => labels);
      if (!isStarted) {
        batch.add(slot, Math.min(startMs, atMs - 1), startValue);
        owners.push(counter);
      }
      batch.add(slot, atMs, startValue + added);
      owners.push(counter);
    }
    for (const [reason, count] of counters.takeRejections().entries()) batch.reject(reason, count);
    const refused = new Set<EventCounter>();
    await request.write(batch, { onRejected: (position) => refused.add(owners[position]!) });
    for (const counter of some) counter.isStarted ||= !refused.has(counter);
  }

  /** By id, as what is stored may have labels that this view of it does not choose. */
  async function readPast(fresh: readonly EventCounter[]): Promise<void> {
    if (fresh.length === 0) return;
    const labelSets = fresh.map(({ labels }) => labels);
    const ids = await storage.resolve(labelSets, () => false);
    const newest = new Map<number, number>();
    const selectors = labelSets
      .filter((_, i) => ids[i] !== 0)
      .map((labels) => labels.map(({ name, value }): Matcher => ({ name, type: '=', value })));
    if (selectors.length > 0) {
      const endMs = nowMs() + 1;
      const range = { startMs: endMs - PAST_MS, endMs };
      for await (const batch of storage.scan({ selectors, ...range, withoutEvents: true })) {
        for (const { id, values } of batch) newest.set(id, values.at(-1)!);
      }
    }
    for (const [i, counter] of fresh.entries()) {
      const value = newest.get(ids[i]!) ?? 0;
      counter.startValue = value > 0 && Number.isFinite(value) ? value : 0;
    }
  }

  return {
    open(limits) {
      const tally = counters.open(limits);
      if (tally === undefined) return undefined;
      return {
        add: tally.add,
        commit() {
          tally.commit();
          schedule();
        },
      };
    },
    setRules: counters.setRules,
    async close() {
      isClosed = true;
      cancel?.();
      if (counters.all().length > 0) await write();
    },
  };
}
