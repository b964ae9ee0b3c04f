// What every format other than varve's own is decoded into: points one by one, each of a series
// that was named before. The decoder calls, the batch keeps columns.

import type { Label, Storage } from '../storage/index.ts';
import { POINT_BYTES, type PointBuffer } from './decode/columns.ts';
import { checkTimestamps } from './decode/timestamps.ts';
import type { IngestLimits } from './limits.ts';
import type { PointPool } from './point-pool.ts';
import type { IdentifiedPoints } from './point-writer.ts';
import { createRejections, REJECTED_ID_MIN, type Reason } from './reasons.ts';
import { knownId, type SeriesCache } from './series-cache.ts';
import type { SeriesGuard } from './series-guard.ts';
import { createSeriesLookup } from './series-lookup.ts';
import { createViewer, type SeriesPredictor } from './series-predictor.ts';
import { checkSizes } from './validate.ts';

/** Just under a power of two of bytes, as the pool keeps memory. */
const FIRST_POINTS = Math.floor((32 * 1024) / POINT_BYTES);
/** Few: most requests that are refused have none, and what each leaves has to be collected. */
const FIRST_SERIES = 64;

export interface SeriesBatch {
  /** Points added so far. */
  size(): number;
  /**
   * The slot of a series, good for this batch. `key` is whatever always stands for the same labels
   * in this door, such as the bytes they came as: a known key costs one look into a cache. `labels`
   * is asked when it is new, before this returns, for the labels in any order, or for why they
   * cannot be a series; then its points are rejected one by one, as they are when the labels break
   * a rule.
   */
  series(key: string, labels: () => readonly Label[] | Reason): number;
  /** The same for a key that lies in bytes, `[start, end)`: for many in one order. */
  seriesAt(
    bytes: Buffer,
    start: number,
    end: number,
    labels: () => readonly Label[] | Reason,
  ): number;
  /**
   * The size of the key that is expected next, when the bytes from `start` on, and before `end`,
   * begin with it; 0 otherwise. Spares a decoder to look for the end of the key, when it can tell
   * that it ends there.
   */
  expected(bytes: Buffer, start: number, end: number): number;
  /**
   * The same behind a key that was taken as expected, for one that begins with the first `prefix`
   * bytes of it and goes on at `start`; the size is that of the rest.
   */
  expectedRest(prefix: number, bytes: Buffer, start: number, end: number): number;
  /** The slot of the series whose key was expected. */
  takeExpected(): number;
  /** `timestampMs` that is no integer within +-2^53 rejects the point. */
  add(slot: number, timestampMs: number, value: number): void;
  /** The same for the first `count` of some series, all of one time. */
  addRow(
    slots: readonly number[],
    values: readonly number[],
    count: number,
    timestampMs: number,
  ): void;
  /** The same for a value as two words, little end first: a NaN keeps its payload. */
  addBits(slot: number, timestampMs: number, low: number, high: number): void;
  /** The same for a value that lies in `bytes` from `at` on, little end first. */
  addAt(slot: number, timestampMs: number, bytes: Buffer, at: number): void;
  /** Counts points that the format has and the store does not take. */
  reject(reason: Reason, points?: number): void;
}

/** A batch as its owner sees it, who writes it once it is filled. */
export interface OpenBatch extends SeriesBatch {
  /** Memory that was reserved for its points. */
  heldBytes(): number;
  /** To be called once, when nothing is added any more. */
  identify(): Promise<IdentifiedPoints>;
}

export interface SeriesBatchOptions {
  readonly storage: Storage;
  readonly cache: SeriesCache;
  readonly predictor: SeriesPredictor;
  /** Part of every key in bytes. */
  readonly scope: string;
  readonly limits: IngestLimits;
  readonly guards: readonly SeriesGuard[];
  readonly pool: PointPool;
  /** Told of memory before it is taken; may throw, which leaves the batch as it was. */
  readonly reserve: (bytes: number) => void;
}

export function createSeriesBatch(options: SeriesBatchOptions): OpenBatch {
  const { storage, cache, predictor, scope, limits, guards, pool, reserve } = options;
  const rejections = createRejections();
  const lookup = createSeriesLookup({ storage, limits, guards, rejections });
  /** Ids by slot; 0 until storage has told. */
  let slotIds = new Uint32Array(FIRST_SERIES);
  let slots = 0;
  let size = 0;
  let capacity = 0;
  /** Its ids are slots until `identify`. */
  let points = pool.take(0);
  let valueWords = new Uint32Array(0);
  const viewOf = createViewer();

  function grow(): void {
    const next = Math.max(FIRST_POINTS, capacity * 2);
    reserve((next - capacity) * POINT_BYTES);
    const larger = pool.take(next);
    larger.timestampsMs.set(points.timestampsMs);
    larger.ids.set(points.ids);
    const words = wordsOf(larger);
    words.set(valueWords);
    pool.release(points);
    points = larger;
    valueWords = words;
    capacity = next;
  }

  function checked(labels: readonly Label[] | Reason): readonly Label[] | Reason {
    return typeof labels === 'string' ? labels : (checkSizes(labels, limits) ?? labels);
  }

  function nextSlot(): number {
    if (slots === slotIds.length) {
      const larger = new Uint32Array(slots * 2);
      larger.set(slotIds);
      slotIds = larger;
    }
    return slots++;
  }

  function series(key: string, labels: () => readonly Label[] | Reason): number {
    const slot = nextSlot();
    // Ahead of the closures that a new one needs: almost every series is known.
    const known = knownId(cache, key, storage);
    if (known !== 0) {
      slotIds[slot] = known;
      return slot;
    }
    lookup.add(
      0,
      () => checked(labels()),
      (id) => {
        slotIds[slot] = id;
        cache.set(key, id);
      },
    );
    return slot;
  }

  function addBits(slot: number, timestampMs: number, low: number, high: number): void {
    if (size === capacity) grow();
    points.ids[size] = slot;
    points.timestampsMs[size] = timestampMs;
    valueWords[2 * size] = low;
    valueWords[2 * size + 1] = high;
    size++;
  }

  /** `size` of the key that is expected, unless its series was forgotten. */
  function ifRenewed(size: number): number {
    return size > 0 && storage.renew(predictor.expectedId()) ? size : 0;
  }

  function expected(bytes: Buffer, start: number, end: number): number {
    return ifRenewed(predictor.expected(viewOf(bytes), start, end));
  }

  function takeExpected(): number {
    const slot = nextSlot();
    slotIds[slot] = predictor.take();
    return slot;
  }

  return {
    size: () => size,
    heldBytes: () => capacity * POINT_BYTES,

    series,
    expected,
    expectedRest: (prefix, bytes, start, end) =>
      ifRenewed(predictor.expectedRest(prefix, viewOf(bytes), start, end)),
    takeExpected,
    seriesAt(bytes, start, end, labels) {
      if (end > start && expected(bytes, start, end) === end - start) {
        return takeExpected();
      }
      const text = bytes.toString('latin1', start, end);
      const slot = series(scope === '' ? text : `${scope}\n${text}`, labels);
      const id = slotIds[slot]!;
      // One that is new has its id later, and is learned when it comes again.
      if (id > 0 && id < REJECTED_ID_MIN) predictor.learn(bytes, start, end, id);
      return slot;
    },

    add(slot, timestampMs, value) {
      if (size === capacity) grow();
      points.ids[size] = slot;
      points.timestampsMs[size] = timestampMs;
      points.values[size] = value;
      size++;
    },

    addRow(rowSlots, rowValues, count, timestampMs) {
      while (size + count > capacity) grow();
      const { ids, timestampsMs, values } = points;
      for (let i = 0; i < count; i++) {
        ids[size] = rowSlots[i]!;
        timestampsMs[size] = timestampMs;
        values[size++] = rowValues[i]!;
      }
    },

    addBits,
    addAt(slot, timestampMs, bytes, at) {
      const view = viewOf(bytes);
      addBits(slot, timestampMs, view.getInt32(at, true), view.getInt32(at + 4, true));
    },

    reject: (reason, count) => rejections.add(reason, count),

    async identify() {
      await lookup.settle();
      const filled = firstPoints(points, size);
      return {
        points: filled,
        span: checkTimestamps(filled.timestampsMs),
        idMax: replaceSlots(filled.ids, slotIds),
        rejections,
      };
    },
  };
}

/** The values as words: a double that passes through a register may come out as another NaN. */
function wordsOf({ values }: PointBuffer): Uint32Array<ArrayBuffer> {
  return new Uint32Array(values.buffer as ArrayBuffer, values.byteOffset, values.length * 2);
}

function firstPoints(points: PointBuffer, size: number): PointBuffer {
  return {
    ...points,
    ids: points.ids.subarray(0, size),
    timestampsMs: points.timestampsMs.subarray(0, size),
    values: points.values.subarray(0, size),
  };
}

/** Puts ids in the place of slots; returns the largest. */
function replaceSlots(ids: Uint32Array, slotIds: Uint32Array): number {
  let idMax = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = slotIds[ids[i]!]!;
    ids[i] = id;
    if (id > idMax) idMax = id;
  }
  return idMax;
}
