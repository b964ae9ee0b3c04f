// One request on its way into storage: decoded, its series resolved, its points validated,
// appended, and in the end durable.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Storage } from '../storage/index.ts';
import type { Admission } from './admission.ts';
import { POINT_BYTES } from './decode/columns.ts';
import { decodeLabels, type LabelBytes } from './decode/labels.ts';
import { convertTimestamps } from './decode/timestamps.ts';
import {
  definitionReader,
  type EntryReader,
  measureRequest,
  readColumns,
  seriesReader,
} from './decode/varve.ts';
import type { Dictionary } from './dictionary.ts';
import type { IngestLimits } from './limits.ts';
import { createPointPool } from './point-pool.ts';
import { createRejections, REJECTED_ID_MIN, type Rejections } from './reasons.ts';
import type { SeriesCache } from './series-cache.ts';
import { createSeriesLookup } from './series-lookup.ts';
import { filterPoints, withinEveryRule } from './validate.ts';

/** Entries read before others have a turn: some 10 ms, when all of them are new. */
const ENTRIES_PER_TURN = 10_000;

/** Enough for the batches that share one fsync. */
const POOL_BYTES = 32 * 1024 * 1024;

export interface WriteOutcome {
  readonly sequence: bigint;
  /** Points stored. */
  readonly accepted: number;
  readonly rejections: Rejections;
}

/** A request whose points are in storage's hands. */
export interface Submission {
  /** Resolves once they are as durable as storage promises; rejects when they may not be. */
  readonly durable: Promise<WriteOutcome>;
}

export interface BatchWriterOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly cache: SeriesCache;
  /** Asked once per request, so that a reload counts from the next one. */
  readonly limits: () => IngestLimits;
}

export interface BatchWriter {
  /**
   * Takes one encoded WriteRequest. Resolves when the points have been handed to storage: what is
   * submitted afterwards is newer. Rejects when nothing of it was stored. `reserve` is told how
   * many bytes the points will hold until they are durable, before they do; it may throw.
   */
  submit(
    bytes: Buffer,
    dictionary: Dictionary,
    reserve: (pointBytes: number) => void,
  ): Promise<Submission>;
}

export function createBatchWriter(options: BatchWriterOptions): BatchWriter {
  const { storage, clock, admission, cache } = options;
  const pool = createPointPool(POOL_BYTES);

  async function submit(
    bytes: Buffer,
    dictionary: Dictionary,
    reserve: (pointBytes: number) => void,
  ): Promise<Submission> {
    const limits = options.limits();
    const request = measureRequest(bytes, limits);
    const count = request.seriesPoints + request.columnPoints;
    reserve(count * POINT_BYTES);
    admission.takePoints(count, limits);

    const points = pool.take(count);
    const seriesIds = points.ids.subarray(0, request.seriesPoints);
    const refs = points.ids.subarray(request.seriesPoints);
    let idMax = 0;
    const lookup = createSeriesLookup(storage, cache, limits);
    const define = (ref: number, labels: LabelBytes) => {
      lookup.add(labels, (id) => dictionary.define(ref, id));
    };
    const take = (labels: LabelBytes, from: number, to: number) => {
      if (from === to) {
        // Without points it is not registered; it must be well-formed all the same.
        decodeLabels(labels, limits);
        return;
      }
      lookup.add(labels, (id) => {
        seriesIds.fill(id, from, to);
        idMax = Math.max(idMax, id);
      });
    };
    if (request.definitions > 0) await readInTurns(definitionReader(request, define));
    if (request.series > 0) await readInTurns(seriesReader(request, points, take));
    // Almost always there is nothing to wait for.
    const settling = lookup.settle();
    if (settling !== undefined) await settling;

    readColumns(request, points);
    const span = convertTimestamps(points.timestampsMs);
    idMax = Math.max(idMax, dictionary.lookUp(refs));
    const rejections = createRejections();
    if (request.events > 0) rejections.add('event', request.events);
    const rules = { nowMs: clock.nowMs(), limits, storage };
    if (!withinEveryRule(span, rules)) {
      const loading = storage.load(points.ids.filter((id) => id < REJECTED_ID_MIN));
      if (loading !== undefined) await loading;
    }
    const batch = filterPoints(points, span, idMax < REJECTED_ID_MIN, rules, rejections);
    const accepted = batch.ids.length;
    const outcome = { sequence: request.sequence, accepted, rejections };
    const appended = accepted === 0 ? Promise.resolve() : storage.append(batch);
    const durable = appended.then(() => {
      pool.release(points);
      return outcome;
    });
    return { durable };
  }

  return { submit };
}

async function readInTurns(entries: EntryReader): Promise<void> {
  while (entries.read(ENTRIES_PER_TURN)) await nextTurn();
}
