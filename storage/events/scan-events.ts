// All events of some streams, stream by stream: in slices, so that memory follows the slice and
// neither the answer nor the longest stream.

import { bytesAt } from '../coding/byte-column.ts';
import type { Core } from '../core.ts';
import type { EventBatch, EventScanRequest, EventTime, StoredEvent } from '../event-types.ts';
import type { Labels } from '../series/labels.ts';
import { decodeLabels } from '../series/labels-codec.ts';
import type { TimeRange } from '../types.ts';
import type { Version } from '../version.ts';
import type { EventRun } from './event-memtable.ts';
import { joinEvents, timesOf } from './event-table.ts';
import { mergeEvents, runCursor } from './merge.ts';
import { comparePlaces, type EventSlice, sliceEventTables } from './slices.ts';
import {
  type EventBlockSource,
  eventBlocks,
  eventMemtables,
  loadText,
  loadTimes,
} from './source.ts';

/** Of blocks in memory at once, about. */
const SLICE_BYTES = 2 * 2 ** 20;

/** Batches of events of `ids` (ascending) in their order. */
export async function* scanEvents(
  version: Version,
  ids: Uint32Array,
  request: EventScanRequest,
  core: Core,
): AsyncGenerator<readonly StoredEvent[], void, void> {
  if (ids.length === 0) return;
  const range = rangeOf(request);
  const tables = await eventBlocks(version, ids, range, request, core);
  const inMemory = eventMemtables(version, range).map((events) => events.read(ids, range));
  core.counters.scans++;
  const infos = tables.map((blocks) => blocks.map(({ info }) => info));
  for (const slice of sliceEventTables(infos, SLICE_BYTES)) {
    request.signal?.throwIfAborted();
    const wanted = createSelection(ids, request, slice);
    const runs = inMemory.map(wanted);
    for (const [t, { from, to }] of slice.blocks.entries()) {
      for (const source of tables[t]!.slice(from, to)) {
        const events = await loadEvents(source, request, core);
        if (events !== undefined) runs.push(wanted(shownRun(events, source)));
      }
    }
    const found = await collect(version, runs, request, core);
    if (found.length > 0) yield found;
    await core.env.scheduler.nextTurn();
  }
}

/** In ms, what holds every event of the request. */
export function rangeOf({ start, end }: Pick<EventScanRequest, 'start' | 'end'>): TimeRange {
  return { startMs: start.ms, endMs: end.nanos > 0 ? end.ms + 1 : end.ms };
}

/** Whether an event of a range in ms lies in that of the request. */
export function liesWithin(
  { timestampsMs, nanos }: Pick<EventBatch, 'timestampsMs' | 'nanos'>,
  position: number,
  { start, end }: { readonly start: EventTime; readonly end: EventTime },
): boolean {
  const ms = timestampsMs[position]!;
  const ns = nanos[position]!;
  const isAfter = ms > start.ms || (ms === start.ms && ns >= start.nanos);
  return isAfter && (ms < end.ms || (ms === end.ms && ns < end.nanos));
}

async function loadEvents(
  source: EventBlockSource,
  request: EventScanRequest,
  core: Core,
): Promise<EventBatch | undefined> {
  const times = await loadTimes(source, request, core);
  const text = times && (await loadText(source, request, core));
  return text && joinEvents(timesOf(times), text);
}

/** What tombstones leave of a block. */
function shownRun(columns: EventBatch, { isHidden }: EventBlockSource): EventRun {
  const positions = Uint32Array.from(columns.ids.keys()).filter(
    (position) => !isHidden({ id: columns.ids[position]!, ms: columns.timestampsMs[position]! }),
  );
  return { columns, positions };
}

/** Keeps of a run what is asked for and lies in the slice. */
function createSelection(
  ids: Uint32Array,
  request: EventScanRequest,
  { after, upTo }: EventSlice,
): (run: EventRun) => EventRun {
  const wanted = new Set(ids);
  return ({ columns, positions }) => ({
    columns,
    positions: positions.filter((position) => {
      const place = { id: columns.ids[position]!, ms: columns.timestampsMs[position]! };
      return (
        wanted.has(place.id) &&
        comparePlaces(place, after) > 0 &&
        comparePlaces(place, upTo) <= 0 &&
        liesWithin(columns, position, request)
      );
    }),
  });
}

async function collect(
  version: Version,
  runs: readonly EventRun[],
  { filter }: EventScanRequest,
  core: Core,
): Promise<StoredEvent[]> {
  const places: EventAt[] = [];
  mergeEvents(runs.map(runCursor), (columns, position) => {
    if (filter !== undefined && !filter.accepts(bytesAt(columns.bodies, position))) return;
    places.push({ columns, position });
  });
  return toStored(version, places, core);
}

/** An event where it lies. */
export interface EventAt {
  readonly columns: EventBatch;
  readonly position: number;
}

/** Events with copies of their bytes; without those whose stream's labels are lost to damage. */
export async function toStored(
  version: Version,
  events: readonly EventAt[],
  core: Core,
): Promise<StoredEvent[]> {
  const ids = Uint32Array.from(new Set(events.map(idOf))).sort();
  const labels = await core.series.labelsOf(version.index, ids);
  const labelsById = new Map<number, Labels | undefined>();
  for (const [i, id] of ids.entries()) labelsById.set(id, labels[i]);
  const stored: StoredEvent[] = [];
  for (const event of events) {
    const { columns, position } = event;
    const ofStream = labelsById.get(idOf(event));
    if (ofStream === undefined) continue;
    stored.push({
      id: idOf(event),
      labels: ofStream,
      timestampMs: columns.timestampsMs[position]!,
      nanos: columns.nanos[position]!,
      body: bytesAt(columns.bodies, position).slice(),
      attributes: decodeLabels(bytesAt(columns.attributes, position)),
    });
  }
  return stored;
}

function idOf({ columns, position }: EventAt): number {
  return columns.ids[position]!;
}
