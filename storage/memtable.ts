// The newest points, in memory: an append-only log of columns in one arena, allocated once.
//
//   ids         Uint32 x capacity    series of each point, in the order of writing
//   timestamps  Float64 x capacity
//   values      Float64 x capacity
//   previous    Int32 x capacity     1 + position of the series' point before, 0 when there is none
//
// Beside it lies `newest`: by series id, 1 + position of its latest point. An append copies
// columns and links chains; a read of one series walks its chain backwards. The arena is shared
// memory, so a sealed memtable goes to a flush thread as it is.

import { assert } from './assert.ts';
import { sortNewestWins } from './newest-wins.ts';
import type { SeriesId } from './series/labels.ts';

/** Of a point in the arena. */
export const POINT_BYTES = 4 + 8 + 8 + 4;
const NEWEST_BYTES = 4;
const NEWEST_LENGTH_MIN = 1024;

/** From this share of series on, one pass over the log beats chains, which miss the cache. */
const BULK_READ_SHARE = 1 / 16;

/** Points of one series by strictly ascending time. */
export interface PointColumns {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

export const NO_POINTS: PointColumns = {
  timestampsMs: new Float64Array(0),
  values: new Float64Array(0),
};

/** The columns of a memtable as shared memory: what a job needs to read it. */
export interface MemtableArena {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  /** Points in it; the memory behind them is unused. */
  readonly points: number;
}

export interface ArenaColumns {
  readonly ids: Uint32Array;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly previous: Int32Array;
}

export interface Memtable {
  readonly points: number;
  /** Points that an empty one takes. */
  readonly capacity: number;
  /** Series with a point. */
  readonly seriesCount: number;
  /** Memory taken: 24 B a point, and the array of newest positions, 4 B for each series id. */
  readonly bytes: number;
  /** Infinity when empty. */
  readonly minTimestampMs: number;
  /** -Infinity when empty. */
  readonly maxTimestampMs: number;
  /**
   * Whether `count` more points go in, of series ids up to `idMax`. An empty memtable takes any
   * batch within the arena, however large the ids.
   */
  fits(count: number, idMax?: SeriesId): boolean;
  /** Appends the points [from, to) of the columns, which must fit. A later one beats an earlier. */
  append(
    ids: Uint32Array,
    timestampsMs: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
  ): void;
  /** Whether the series has a point. */
  has(id: SeriesId): boolean;
  /** Ids with a point, ascending. */
  seriesIds(): Uint32Array;
  /** Points of one series with startMs <= t < endMs, in columns of the caller's own. */
  read(id: SeriesId, startMs: number, endMs: number): PointColumns;
  /** The same for many series (ascending ids), by whichever way is cheaper. */
  readMany(ids: Uint32Array, startMs: number, endMs: number): PointColumns[];
  /** The arena, for a job; nothing may be appended any more. */
  seal(): MemtableArena;
}

/** Views on the columns of an arena. */
export function arenaColumns(arena: MemtableArena): ArenaColumns {
  const { buffer, capacity } = arena;
  return {
    timestampsMs: new Float64Array(buffer, 0, capacity),
    values: new Float64Array(buffer, capacity * 8, capacity),
    ids: new Uint32Array(buffer, capacity * 16, capacity),
    previous: new Int32Array(buffer, capacity * 20, capacity),
  };
}

/**
 * A memtable whose arena takes `bytesMax`. Points arrive checked: timestamps are integers.
 * `recycled` is the arena of an older one of the same size that nobody reads any more: memory that
 * was touched before takes appends in half the time, because the kernel need not clear it first.
 */
export function createMemtable(bytesMax: number, recycled?: SharedArrayBuffer): Memtable {
  const capacity = Math.floor(bytesMax / POINT_BYTES);
  assert(capacity > 0, 'a memtable has room for a point');
  const buffer = recycled ?? new SharedArrayBuffer(capacity * POINT_BYTES);
  assert(buffer.byteLength === capacity * POINT_BYTES, 'a recycled arena has the same size');
  const log = arenaColumns({ buffer, capacity, points: 0 });
  let newest = new Int32Array(0);
  let points = 0;
  let seriesCount = 0;
  let idMax = 0;
  let minTimestampMs = Number.POSITIVE_INFINITY;
  let maxTimestampMs = Number.NEGATIVE_INFINITY;
  let sealed = false;

  function newestLengthFor(id: SeriesId): number {
    if (id < newest.length) return newest.length;
    return Math.max(id + 1, newest.length * 2, NEWEST_LENGTH_MIN);
  }

  function reserveIds(id: SeriesId): void {
    if (id > idMax) idMax = id;
    if (id < newest.length) return;
    const grown = new Int32Array(newestLengthFor(id));
    grown.set(newest);
    newest = grown;
  }

  function fits(count: number, id: SeriesId = 0): boolean {
    if (points + count > capacity) return false;
    const bytes = (points + count) * POINT_BYTES + newestLengthFor(id) * NEWEST_BYTES;
    return points === 0 || bytes <= bytesMax;
  }

  function append(
    ids: Uint32Array,
    timestampsMs: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
  ): void {
    assert(!sealed, 'a sealed memtable takes no points');
    assert(points + to - from <= capacity, 'appended points fit');
    log.ids.set(ids.subarray(from, to), points);
    log.timestampsMs.set(timestampsMs.subarray(from, to), points);
    log.values.set(values.subarray(from, to), points);
    let id = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      const timestampMs = timestampsMs[i]!;
      if (ids[i]! > id) id = ids[i]!;
      if (timestampMs < min) min = timestampMs;
      if (timestampMs > max) max = timestampMs;
    }
    // Not in the loop: a number in a closure is an object each time it changes.
    minTimestampMs = Math.min(minTimestampMs, min);
    maxTimestampMs = Math.max(maxTimestampMs, max);
    reserveIds(id);
    seriesCount += linkChains(log, newest, points, points + to - from);
    points += to - from;
  }

  function seriesIds(): Uint32Array {
    const ids = new Uint32Array(seriesCount);
    let count = 0;
    for (let id = 0; id <= idMax; id++) {
      if (newest[id]! > 0) ids[count++] = id;
    }
    return ids;
  }

  function read(id: SeriesId, startMs: number, endMs: number): PointColumns {
    const head = id <= idMax ? newest[id]! : 0;
    let count = 0;
    for (let link = head; link > 0; link = log.previous[link - 1]!) {
      const timestampMs = log.timestampsMs[link - 1]!;
      if (timestampMs >= startMs && timestampMs < endMs) count++;
    }
    const timestampsMs = new Float64Array(count);
    const values = new Float64Array(count);
    for (let link = head; count > 0; link = log.previous[link - 1]!) {
      const timestampMs = log.timestampsMs[link - 1]!;
      if (timestampMs < startMs || timestampMs >= endMs) continue;
      timestampsMs[--count] = timestampMs;
      values[count] = log.values[link - 1]!;
    }
    return sorted(timestampsMs, values);
  }

  function readMany(ids: Uint32Array, startMs: number, endMs: number): PointColumns[] {
    if (ids.length > seriesCount * BULK_READ_SHARE && ids.length > 1) {
      return readByPass(log, points, ids, idMax, startMs, endMs);
    }
    return Array.from(ids, (id) => read(id, startMs, endMs));
  }

  return {
    get points() {
      return points;
    },
    capacity,
    get seriesCount() {
      return seriesCount;
    },
    get bytes() {
      return points * POINT_BYTES + newest.length * NEWEST_BYTES;
    },
    get minTimestampMs() {
      return minTimestampMs;
    },
    get maxTimestampMs() {
      return maxTimestampMs;
    },
    fits,
    append,
    has: (id) => id <= idMax && newest[id]! > 0,
    seriesIds,
    read,
    readMany,
    seal() {
      sealed = true;
      return { buffer, capacity, points };
    },
  };
}

/** The largest of `ids`, or 0. */
export function largestId(ids: Uint32Array): SeriesId {
  let max = 0;
  for (let i = 0; i < ids.length; i++) {
    if (ids[i]! > max) max = ids[i]!;
  }
  return max;
}

/** Links the log's new positions into their series' chains; returns how many series are new. */
function linkChains(log: ArenaColumns, newest: Int32Array, from: number, to: number): number {
  const { ids, previous } = log;
  let fresh = 0;
  for (let position = from; position < to; position++) {
    const id = ids[position]!;
    const before = newest[id]!;
    if (before === 0) fresh++;
    previous[position] = before;
    newest[id] = position + 1;
  }
  return fresh;
}

/** Reads many series in two passes over the log: counting, then placing. */
function readByPass(
  log: ArenaColumns,
  points: number,
  wanted: Uint32Array,
  idMax: SeriesId,
  startMs: number,
  endMs: number,
): PointColumns[] {
  const slotOf = new Int32Array(idMax + 1);
  wanted.forEach((id, slot) => {
    if (id <= idMax) slotOf[id] = slot + 1;
  });
  const ends = new Uint32Array(wanted.length + 1);
  const { ids, timestampsMs, values } = log;
  for (let i = 0; i < points; i++) {
    const timestampMs = timestampsMs[i]!;
    const slot = slotOf[ids[i]!]!;
    if (slot > 0 && timestampMs >= startMs && timestampMs < endMs) ends[slot]!++;
  }
  for (let slot = 1; slot <= wanted.length; slot++) ends[slot]! += ends[slot - 1]!;
  const total = ends[wanted.length]!;
  const placedMs = new Float64Array(total);
  const placedValues = new Float64Array(total);
  const next = ends.slice(0, wanted.length);
  for (let i = 0; i < points; i++) {
    const timestampMs = timestampsMs[i]!;
    const slot = slotOf[ids[i]!]! - 1;
    if (slot < 0 || timestampMs < startMs || timestampMs >= endMs) continue;
    const at = next[slot]!++;
    placedMs[at] = timestampMs;
    placedValues[at] = values[i]!;
  }
  return Array.from(wanted, (_, slot) => {
    const [from, to] = [ends[slot]!, ends[slot + 1]!];
    return sorted(placedMs.subarray(from, to), placedValues.subarray(from, to));
  });
}

function sorted(timestampsMs: Float64Array, values: Float64Array): PointColumns {
  const kept = sortNewestWins(timestampsMs, values, timestampsMs.length);
  if (kept === timestampsMs.length) return { timestampsMs, values };
  return { timestampsMs: timestampsMs.subarray(0, kept), values: values.subarray(0, kept) };
}
