// The newest events, or the oldest, that a filter accepts: blocks are read from that end of the
// range on, and only until no block that is left can have an event that comes before those found.

import { type ByteColumn, bytesAt } from '../coding/byte-column.ts';
import type { Core } from '../core.ts';
import { StorageError } from '../errors.ts';
import type { EventSearch, StoredEvent } from '../event-types.ts';
import type { Version } from '../version.ts';
import { compareEvents, EventBuffer } from './event-columns.ts';
import type { EventRun } from './event-memtable.ts';
import { joinEvents, timesOf } from './event-table.ts';
import { type EventAt, liesWithin, rangeOf, toStored } from './scan-events.ts';
import {
  type EventBlockSource,
  eventBlocks,
  eventMemtables,
  loadText,
  loadTimes,
} from './source.ts';

/** Events found by streams of `ids` (ascending), in the order of the search, at most its limit. */
export async function findEvents(
  version: Version,
  ids: Uint32Array,
  search: EventSearch,
  core: Core,
): Promise<readonly StoredEvent[]> {
  if (ids.length === 0 || search.limit === 0) return [];
  const range = rangeOf(search);
  core.counters.scans++;
  const found = new Found(search);
  for (const events of eventMemtables(version, range)) found.take(events.read(ids, range));
  const blocks = (await eventBlocks(version, ids, range, search, core)).flat();
  const wanted = new Set(ids);
  for (const source of inOrderOfSearch(blocks, search)) {
    if (found.isBefore(source)) break;
    search.signal?.throwIfAborted();
    const run = await loadWanted(source, wanted, search, core);
    if (run !== undefined) found.take(run);
    await core.env.scheduler.nextTurn();
  }
  return toStored(version, found.events, core);
}

/** Those that reach furthest towards the end that the search begins with come first. */
function inOrderOfSearch(
  blocks: readonly EventBlockSource[],
  { direction }: EventSearch,
): EventBlockSource[] {
  return direction === 'backward'
    ? [...blocks].sort((a, b) => b.info.maxTimestampMs - a.info.maxTimestampMs)
    : [...blocks].sort((a, b) => a.info.minTimestampMs - b.info.minTimestampMs);
}

/** Events of a block, but for those that are not wanted for sure; texts are read last. */
async function loadWanted(
  source: EventBlockSource,
  ids: ReadonlySet<number>,
  search: EventSearch,
  core: Core,
): Promise<EventRun | undefined> {
  const block = await loadTimes(source, search, core);
  if (block === undefined) return undefined;
  const times = timesOf(block);
  const positions = Uint32Array.from(times.ids.keys()).filter(
    (position) =>
      ids.has(times.ids[position]!) &&
      liesWithin(times, position, search) &&
      !source.isHidden({ id: times.ids[position]!, ms: times.timestampsMs[position]! }),
  );
  if (positions.length === 0) return undefined;
  const text = await loadText(source, search, core);
  if (text === undefined) return undefined;
  const { contains = [] } = search.filter ?? {};
  if (!contains.every((needle) => text.mayContain(needle))) return undefined;
  const columns = joinEvents(times, text);
  let holding = positions;
  for (const needle of contains) holding = positionsOf(needle, columns.bodies, holding);
  return { columns, positions: holding };
}

/**
 * Those of `positions` (ascending) whose bodies have `needle` in them. Goes through the bytes of
 * all bodies at once, which costs a tenth of asking body by body.
 */
function positionsOf(
  needle: Uint8Array,
  bodies: ByteColumn,
  positions: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bodies.bytes;
  const bytes = Buffer.from(buffer, byteOffset, length);
  let found = -1;
  return positions.filter((position) => {
    const start = position === 0 ? 0 : bodies.ends[position - 1]!;
    if (found < start) {
      const next = bytes.indexOf(needle, start);
      found = next < 0 ? Number.POSITIVE_INFINITY : next;
    }
    return found + needle.length <= bodies.ends[position]!;
  });
}

/** The best events so far, in the order of the search, at most as many as its limit. */
class Found {
  events: EventAt[] = [];
  readonly #search: EventSearch;

  constructor(search: EventSearch) {
    this.#search = search;
  }

  /** Whether there are enough, all of them before any event of the block. */
  isBefore({ info }: EventBlockSource): boolean {
    const last = this.#lastOfEnough();
    if (last === undefined) return false;
    const ms = last.columns.timestampsMs[last.position]!;
    return this.#search.direction === 'backward'
      ? info.maxTimestampMs < ms
      : info.minTimestampMs > ms;
  }

  take({ columns, positions }: EventRun): void {
    const { filter } = this.#search;
    const last = this.#lastOfEnough();
    // Copied, so that no block stays in memory for the few of its events that are found.
    const more = new EventBuffer();
    for (const position of positions) {
      const event = { columns, position };
      if (!liesWithin(columns, position, this.#search)) continue;
      if (last !== undefined && this.#compare(event, last) >= 0) continue;
      const body = bytesAt(columns.bodies, position);
      if (filter !== undefined && !filter.accepts(body)) continue;
      const attributes = bytesAt(columns.attributes, position);
      const { ids, timestampsMs, nanos } = columns;
      more.add(ids[position]!, timestampsMs[position]!, nanos[position]!, body, attributes);
    }
    if (more.count === 0) return;
    const copies = more.columns();
    const found = Array.from(copies.ids, (_, position) => ({ columns: copies, position }));
    const all = [...this.events, ...found].sort((a, b) => this.#compare(a, b));
    this.events = all
      .filter((event, i) => i === 0 || this.#compare(all[i - 1]!, event) !== 0)
      .slice(0, this.#search.limit);
    this.#checkBytes();
  }

  #lastOfEnough(): EventAt | undefined {
    return this.events.length === this.#search.limit ? this.events.at(-1) : undefined;
  }

  /** By time, then stream and body: 0 for one event only. */
  #compare(a: EventAt, b: EventAt): number {
    const [first, second] = this.#search.direction === 'backward' ? [b, a] : [a, b];
    return (
      first.columns.timestampsMs[first.position]! - second.columns.timestampsMs[second.position]! ||
      first.columns.nanos[first.position]! - second.columns.nanos[second.position]! ||
      compareEvents(first.columns, first.position, second.columns, second.position)
    );
  }

  #checkBytes(): void {
    const { bytesMax } = this.#search;
    let bytes = 0;
    for (const { columns, position } of this.events) {
      bytes += bytesAt(columns.bodies, position).length;
      bytes += bytesAt(columns.attributes, position).length;
    }
    if (bytes <= bytesMax) return;
    const message = `events of more than ${bytesMax} bytes are found: ask for fewer`;
    throw new StorageError('RESOURCE_EXHAUSTED', message);
  }
}
