// One request on its way into storage: decoded, its series resolved, its points validated,
// appended, and in the end durable.

import type { Storage } from '../storage/index.ts';
import type { Admission } from './admission.ts';
import { POINT_BYTES } from './decode/columns.ts';
import { readInTurns } from './decode/entries.ts';
import { readEvents, type StreamBytes } from './decode/events.ts';
import { createCanonicalBytes, decodeLabels, type LabelBytes } from './decode/labels.ts';
import { convertTimestamps } from './decode/timestamps.ts';
import {
  definitionReader,
  type MeasuredRequest,
  measureRequest,
  readColumns,
  seriesReader,
  streamReader,
} from './decode/varve.ts';
import type { Dictionary } from './dictionary.ts';
import type { EventWriter, OpenEvents } from './event-writer.ts';
import type { IngestLimits } from './limits.ts';
import type { PointWriter, WriteOutcome } from './point-writer.ts';
import { createRejections, type Rejections } from './reasons.ts';
import type { Sender } from './sender.ts';
import { createSeriesLookup } from './series-lookup.ts';
import { createSeriesPredictor, createViewer, PREDICTOR_BYTES } from './series-predictor.ts';
import type { SeriesQuotas } from './series-quotas.ts';

export interface BatchOutcome extends WriteOutcome {
  readonly sequence: bigint;
}

/** A request whose points are in storage's hands. */
export interface Submission {
  /** Resolves once they are as durable as storage promises; rejects when they may not be. */
  readonly durable: Promise<BatchOutcome>;
}

export interface BatchWriterOptions {
  readonly storage: Storage;
  readonly points: PointWriter;
  readonly events: EventWriter;
  readonly admission: Admission;
  readonly quotas: SeriesQuotas;
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
    sender: Sender,
    dictionary: Dictionary,
    reserve: (pointBytes: number) => void,
  ): Promise<Submission>;
}

export function createBatchWriter(options: BatchWriterOptions): BatchWriter {
  const { storage, points: pointWriter, admission, quotas } = options;
  const canonical = createCanonicalBytes();
  const predictor = createSeriesPredictor(PREDICTOR_BYTES);

  /** The id of a series in use, or 0. Of almost every one the labels are not even decoded. */
  function idInUse(labels: LabelBytes, view: DataView): number {
    const { bytes, start, end } = labels;
    const size = end - start;
    const isExpected = size > 0 && predictor.expected(view, start, end) === size;
    if (isExpected && storage.renew(predictor.expectedId())) return predictor.take();
    const id = canonical.put(labels) ? storage.findInUse(canonical.bytes, canonical.length) : 0;
    if (id !== 0) predictor.learn(bytes, start, end, id);
    return id;
  }

  async function submit(
    bytes: Buffer,
    sender: Sender,
    dictionary: Dictionary,
    reserve: (pointBytes: number) => void,
  ): Promise<Submission> {
    const limits = options.limits();
    const request = measureRequest(bytes, limits);
    const count = request.seriesPoints + request.columnPoints;
    // Events are copied once, with a few numbers each.
    reserve(count * POINT_BYTES + (request.events > 0 ? bytes.length : 0));
    admission.takePoints(count + request.events, limits, sender);

    const points = pointWriter.pool.take(count);
    const seriesIds = points.ids.subarray(0, request.seriesPoints);
    const refs = points.ids.subarray(request.seriesPoints);
    let idMax = 0;
    const rejections = createRejections();
    const guards = quotas.guards(limits, sender);
    const lookup = createSeriesLookup({ storage, limits, guards, rejections });
    const viewOf = createViewer();
    const lookUp = (labels: LabelBytes, assign: (id: number) => void) => {
      lookup.add(idInUse(labels, viewOf(labels.bytes)), () => decodeLabels(labels, limits), assign);
    };
    const define = (ref: number, labels: LabelBytes) => {
      lookUp(labels, (id) => dictionary.define(ref, id));
    };
    const take = (labels: LabelBytes, from: number, to: number) => {
      if (from === to) {
        // Without points it is not registered; it must be well-formed all the same.
        decodeLabels(labels, limits);
        return;
      }
      lookUp(labels, (id) => {
        seriesIds.fill(id, from, to);
        idMax = Math.max(idMax, id);
      });
    };
    const streams: { readonly stream: StreamBytes; id: number }[] = [];
    const open = (stream: StreamBytes) => {
      if (stream.isEmpty) {
        decodeLabels(stream.labels, limits);
        return;
      }
      const entry = { stream, id: 0 };
      streams.push(entry);
      lookUp(stream.labels, (id) => {
        entry.id = id;
      });
    };
    if (request.definitions > 0) await readInTurns(definitionReader(request, define));
    if (request.series > 0) await readInTurns(seriesReader(request, points, take));
    if (request.events > 0) await readInTurns(streamReader(request, open));
    // Almost always there is nothing to wait for.
    const settling = lookup.settle();
    if (settling !== undefined) await settling;

    readColumns(request, points);
    const span = convertTimestamps(points.timestampsMs);
    idMax = Math.max(idMax, dictionary.lookUp(refs));
    const events = options.events.open(limits, rejections);
    const identified = { points, span, idMax, rejections };
    const preparing = [
      pointWriter.prepare(identified, limits),
      options.events.prepare(streams.map(({ id }) => id)),
    ].filter((step) => step !== undefined);
    if (preparing.length > 0) await Promise.all(preparing);
    for (const { stream, id } of streams) addEvents(events, request, stream, id, limits);
    const appended = [pointWriter.append(identified, limits), events.append()];
    return { durable: outcomeOf(appended, rejections, request.sequence) };
  }

  return { submit };
}

/** Of its own, so that nobody who waits for an fsync holds the message. */
async function outcomeOf(
  appended: readonly Promise<Pick<WriteOutcome, 'accepted'>>[],
  rejections: Rejections,
  sequence: bigint,
): Promise<BatchOutcome> {
  const outcomes = await Promise.all(appended);
  const accepted = outcomes.reduce((sum, outcome) => sum + outcome.accepted, 0);
  return { accepted, rejections, sequence };
}

function addEvents(
  events: OpenEvents,
  { bytes }: MeasuredRequest,
  stream: StreamBytes,
  id: number,
  limits: IngestLimits,
): void {
  // The event as a whole is measured, so no attribute is too long by itself.
  const attributeLimits = {
    ...limits,
    labelsPerSeries: limits.eventAttributes,
    labelValueBytes: limits.eventBytes,
  };
  readEvents(bytes, stream, ({ timestampMs, nanos, body, attributes }) => {
    events.add(id, timestampMs, nanos, body, decodeLabels(attributes, attributeLimits));
  });
}
