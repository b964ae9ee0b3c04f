// A way in for one format: every request through it is admitted, counted, bounded in memory and
// waited for at shutdown, whichever protocol carries it.

import type { MetadataStore, Storage } from '../storage/index.ts';
import type { Admission } from './admission.ts';
import { createEventBatch, type OpenEventBatch } from './event-batch.ts';
import type { EventWriter } from './event-writer.ts';
import type { IngestLimits } from './limits.ts';
import type { IngestMetrics } from './metrics.ts';
import type { IdentifiedPoints, PointWriter, WriteOutcome } from './point-writer.ts';
import { createRejections } from './reasons.ts';
import type { FindSender, Sender } from './sender.ts';
import { createSeriesBatch, type OpenBatch } from './series-batch.ts';
import type { SeriesCaches } from './series-cache.ts';
import type { SeriesGuard } from './series-guard.ts';
import {
  createSeriesPredictor,
  NO_PREDICTOR,
  PREDICTOR_BYTES,
  type SeriesPredictor,
} from './series-predictor.ts';
import type { SeriesQuotas } from './series-quotas.ts';

/** The scopes that a door has seen first have one each. */
const PREDICTORS_MAX = 8;

/** For formats whose answer or whose values depend on what becomes of single points. */
export interface WriteHooks {
  /** Changes points once their ids are known, in the turn in which they are appended. */
  readonly adjust?: (identified: IdentifiedPoints) => IdentifiedPoints;
  /** Told the positions in the batch of points that are rejected, in their order. */
  readonly onRejected?: (position: number) => void;
}

/** What a request is given to be decoded with. */
export interface DoorRequest {
  /** As they were when the request came. */
  readonly limits: IngestLimits;
  readonly sender: Sender;
  /** For whoever looks up its series by himself. */
  readonly guards: readonly SeriesGuard[];
  /** When it came, ms since the epoch. */
  readonly arrivedAtMs: number;
  /** For the type, help and unit of metrics, where the format has them. */
  readonly metadata: MetadataStore;
  /** Aborted when a body that is still arriving is not waited for any more. */
  readonly draining: AbortSignal;
  /** Counts bytes as they arrive, as they were sent. */
  received(bytes: number): void;
  /**
   * Counts memory that the request holds until it is over; RESOURCE_EXHAUSTED when there is no room
   * for it. Points of a batch are counted without it.
   */
  hold(bytes: number): void;
  /** Gives back before the end what was held. */
  release(bytes: number): void;
  /**
   * `scope` tells apart keys that are the same bytes and mean other series, such as those of two
   * databases; default: there is one.
   */
  createBatch(scope?: string): OpenBatch;
  /**
   * Stores a batch of this request, which nobody may add to any more. Resolves once it is durable.
   * A long request is written in several batches, one after the other.
   */
  write(batch: OpenBatch, hooks?: WriteHooks): Promise<WriteOutcome>;
  /** For events of files, which are no news and count in no metric. */
  createEvents(): OpenEventBatch;
  /** Stores them, as `write` does points. */
  writeEvents(batch: OpenEventBatch): Promise<WriteOutcome>;
  /** Of all batches written so far. */
  readonly total: WriteOutcome;
}

export interface Door {
  /**
   * Runs one request to its end; what `handle` throws is counted and thrown on. `authorization` is
   * the header of that name.
   */
  run<T>(
    authorization: string | undefined,
    handle: (request: DoorRequest) => Promise<T>,
  ): Promise<T>;
}

/** What all doors share. */
export interface DoorContext {
  readonly storage: Storage;
  readonly points: PointWriter;
  /** Of events that have arrived before. */
  readonly oldEvents: EventWriter;
  readonly admission: Admission;
  readonly quotas: SeriesQuotas;
  readonly findSender: FindSender;
  readonly metrics: IngestMetrics;
  readonly caches: SeriesCaches;
  readonly metadata: MetadataStore;
  readonly limits: () => IngestLimits;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** Counts what is durable and what was rejected. */
  readonly onStored: (method: string, outcome: WriteOutcome, sender: Sender) => void;
  /** Counts the error, and logs it when it is a bug of ours. */
  readonly onError: (method: string, error: unknown, sender: Sender) => void;
  /** Aborted, with UNAVAILABLE as its reason, when nothing more is taken in. */
  readonly draining: AbortSignal;
  /** Keeps a shutdown waiting. */
  readonly track: <T>(request: Promise<T>) => Promise<T>;
}

/** `name` is the door's label in the metrics. */
export function createDoor(name: string, context: DoorContext): Door {
  const { storage, points, admission, metrics, metadata } = context;
  const cache = context.caches.open();
  const predictorOf = createPredictors();
  metrics.open(name);

  async function carry<T>(
    sender: Sender,
    handle: (request: DoorRequest) => Promise<T>,
  ): Promise<T> {
    const limits = context.limits();
    const guards = context.quotas.guards(limits, sender);
    const startMs = context.monotonicMs();
    const rejections = createRejections();
    const total = { accepted: 0, rejections };
    let heldBytes = 0;
    const hold = (bytes: number) => {
      admission.enter(bytes, limits);
      heldBytes += bytes;
    };
    const release = (bytes: number) => {
      admission.leave(bytes);
      heldBytes -= bytes;
    };
    const stored = (outcome: WriteOutcome) => {
      context.onStored(name, outcome, sender);
      total.accepted += outcome.accepted;
      rejections.addAll(outcome.rejections);
      return outcome;
    };
    const request: DoorRequest = {
      limits,
      sender,
      guards,
      arrivedAtMs: context.nowMs(),
      metadata,
      draining: context.draining,
      received: (bytes) => metrics.received(name, bytes),
      hold,
      release,
      createBatch: (scope = '') =>
        createSeriesBatch({
          storage,
          cache,
          predictor: predictorOf(scope),
          scope,
          limits,
          guards,
          pool: points.pool,
          reserve: hold,
        }),
      async write(batch, { adjust, onRejected } = {}) {
        admission.takePoints(batch.size(), limits, sender);
        const identified = await batch.identify();
        await points.prepare(identified, limits);
        const adjusted = adjust?.(identified) ?? identified;
        const outcome = await points.append(adjusted, limits, onRejected);
        release(batch.heldBytes());
        return stored(outcome);
      },
      createEvents: () =>
        createEventBatch({ storage, writer: context.oldEvents, cache, limits, guards }),
      async writeEvents(batch) {
        admission.takePoints(batch.size(), limits, sender);
        return stored(await batch.write());
      },
      total,
    };
    try {
      const answer = await handle(request);
      metrics.acknowledged(name, context.monotonicMs() - startMs);
      return answer;
    } finally {
      admission.leave(heldBytes);
    }
  }

  return {
    async run(authorization, handle) {
      const sender = context.findSender(authorization);
      try {
        context.draining.throwIfAborted();
        return await context.track(carry(sender, handle));
      } catch (error) {
        context.onError(name, error, sender);
        throw error;
      }
    },
  };
}

/** By scope; those beyond the most have none. */
function createPredictors(): (scope: string) => SeriesPredictor {
  const byScope = new Map<string, SeriesPredictor>();
  return (scope) => {
    const known = byScope.get(scope);
    if (known !== undefined) return known;
    if (byScope.size === PREDICTORS_MAX) return NO_PREDICTOR;
    const predictor = createSeriesPredictor(PREDICTOR_BYTES);
    byScope.set(scope, predictor);
    return predictor;
  };
}
