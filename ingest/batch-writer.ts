// One request on its way into storage: decoded, its series resolved, its points validated,
// appended, and in the end durable.

import type { Clock, Storage } from '../storage/index.ts';
import type { Admission } from './admission.ts';
import { pointBuffer } from './decode/columns.ts';
import { decodeLabels } from './decode/labels.ts';
import { convertTimestamps } from './decode/timestamps.ts';
import { measureRequest, readColumns, readDefinitions, readSeries } from './decode/varve.ts';
import type { Dictionary } from './dictionary.ts';
import type { IngestLimits } from './limits.ts';
import { createRejections, REJECTED_ID_MIN, type Rejections } from './reasons.ts';
import type { SeriesCache } from './series-cache.ts';
import { createSeriesLookup } from './series-lookup.ts';
import { filterPoints } from './validate.ts';

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
   * submitted afterwards is newer. Rejects when nothing of it was stored.
   */
  submit(bytes: Buffer, dictionary: Dictionary): Promise<Submission>;
}

export function createBatchWriter(options: BatchWriterOptions): BatchWriter {
  const { storage, clock, admission, cache } = options;

  async function submit(bytes: Buffer, dictionary: Dictionary): Promise<Submission> {
    const limits = options.limits();
    const request = measureRequest(bytes, limits.messageBytes);
    admission.takePoints(request.seriesPoints + request.columnPoints, limits);

    const points = pointBuffer(request.seriesPoints + request.columnPoints);
    const seriesIds = points.ids.subarray(0, request.seriesPoints);
    const refs = points.ids.subarray(request.seriesPoints);
    let idMax = 0;
    const lookup = createSeriesLookup(storage, cache, limits);
    readDefinitions(request, (ref, labels) => {
      lookup.add(labels, (id) => dictionary.define(ref, id));
    });
    readSeries(request, points, (labels, from, to) => {
      if (from === to) {
        // Without points it is not registered; it must be well-formed all the same.
        decodeLabels(labels, limits);
        return;
      }
      lookup.add(labels, (id) => {
        seriesIds.fill(id, from, to);
        idMax = Math.max(idMax, id);
      });
    });
    // Almost always there is nothing to wait for.
    const settling = lookup.settle();
    if (settling !== undefined) await settling;

    readColumns(request, points);
    const span = convertTimestamps(points.timestampsMs);
    idMax = Math.max(idMax, dictionary.lookUp(refs));
    const rejections = createRejections();
    if (request.events > 0) rejections.add('event', request.events);
    const rules = { nowMs: clock.nowMs(), limits, storage };
    const batch = filterPoints(points, span, idMax < REJECTED_ID_MIN, rules, rejections);
    const accepted = batch.ids.length;
    const outcome = { sequence: request.sequence, accepted, rejections };
    const appended = accepted === 0 ? Promise.resolve() : storage.append(batch);
    return { durable: appended.then(() => outcome) };
  }

  return { submit };
}
