// The room as one service: varve.v1.IngestService over gRPC, and the doors of other formats.

import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { errorCodeOf, type MethodCodec } from '../proto/index.ts';
import type { Clock, MetadataStore, Scheduler, Storage } from '../storage/index.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createDictionary } from './dictionary.ts';
import type { DoorContext } from './door.ts';
import { IngestError } from './errors.ts';
import { createEventMetrics } from './event-metrics/event-metrics.ts';
import type { EventMetricRule } from './event-metrics/rule.ts';
import { createEventWriter } from './event-writer.ts';
import { authorizationOf } from './grpc/authorization.ts';
import { registerRoutes } from './http/routes.ts';
import { DEFAULT_LIMITS, type IngestLimits } from './limits.ts';
import { createIngestMetrics, type IngestMetrics } from './metrics.ts';
import { createOtlpLogsService, type OtlpLogsService } from './otlp/logs-service.ts';
import { createOtlpMetricsService, type OtlpMetricsService } from './otlp/metrics-service.ts';
import { DEFAULT_OTLP_SETTINGS, type OtlpSettings } from './otlp/settings.ts';
import { createPointPool } from './point-pool.ts';
import { createPointWriter, type WriteOutcome } from './point-writer.ts';
import { createRefusalLog, type RefusalLog } from './refusal-log.ts';
import { toAnswer, toGrpcError, type WriteAnswer } from './responses.ts';
import { ANYBODY, type FindSender, type Sender } from './sender.ts';
import { createSeriesCaches } from './series-cache.ts';
import { createSeriesQuotas, type SeriesQuotas } from './series-quotas.ts';
import { type WriteContext, WriteStream, type WriteStreamCall } from './write-stream.ts';

const SERIES_CACHE_BYTES = 64 * 1024 * 1024;
/** Enough for the batches that share one fsync. */
const POOL_BYTES = 32 * 1024 * 1024;
const DRAIN_RETRY_MS = 2000;

/** The part of a pino logger that is used. */
export interface IngestLogger {
  error(details: { readonly err: unknown; readonly method: string }, message: string): void;
  warn(details: object, message: string): void;
}

/** What all services over one storage have in common: a limit is one limit, whoever comes how. */
export interface IngestShared {
  readonly metrics: IngestMetrics;
  readonly admission: Admission;
  readonly quotas: SeriesQuotas;
  readonly log: RefusalLog;
}

export interface IngestServiceOptions {
  readonly storage: Storage;
  /** Those left out have the defaults of the config. */
  readonly limits?: Partial<IngestLimits>;
  readonly clock: Clock;
  /** For what is written by and by. */
  readonly scheduler: Scheduler;
  readonly registry: Registry;
  /** A service over the whole of a storage of which this one is given a part. */
  readonly beside?: Pick<IngestService, 'shared'>;
  /** Default: everybody is the same sender, without limits. */
  readonly findSender?: FindSender;
  readonly logger: IngestLogger;
  /** Where doors put the metadata of metrics. */
  readonly metadata: MetadataStore;
  /** Those left out have the defaults of the config. */
  readonly otlp?: Partial<OtlpSettings>;
  /** Default: none. */
  readonly eventMetrics?: readonly EventMetricRule[];
}

export interface IngestService {
  readonly shared: IngestShared;
  /** For the service of IngestServiceSchema, together with `codecs`. */
  readonly implementation: UntypedServiceImplementation;
  /** Requests stay bytes until they are decoded by hand. */
  readonly codecs: Readonly<Record<'Write' | 'WriteStream', MethodCodec>>;
  /** For the service of OpenTelemetry's MetricsService. */
  readonly otlpMetrics: Pick<OtlpMetricsService, 'implementation' | 'codecs'>;
  /** For the service of OpenTelemetry's LogsService. */
  readonly otlpLogs: Pick<OtlpLogsService, 'implementation' | 'codecs'>;
  /** Adds the HTTP doors to an app that does not listen yet. */
  registerRoutes(app: FastifyInstance): void;
  /** Takes new limits from the next request on; `messageBytes` of the server stays. */
  setLimits(limits: Partial<IngestLimits>): void;
  /** From the next request on. */
  setOtlp(settings: Partial<OtlpSettings>): void;
  /** From the next request on. */
  setEventMetrics(rules: readonly EventMetricRule[]): void;
  /**
   * Takes no more batches, answers those it has, then ends every call with UNAVAILABLE. Resolves
   * when nothing is under way any more.
   */
  drain(): Promise<void>;
}

export function createIngestService(options: IngestServiceOptions): IngestService {
  const { storage, clock, scheduler, logger, metadata } = options;
  let limits: IngestLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const streams = new Set<WriteStream>();
  const writes = new Set<Promise<unknown>>();
  const draining = new AbortController();
  const findSender = options.findSender ?? (() => ANYBODY);
  const ofAll = options.beside?.shared ?? createShared(options);
  const { metrics, admission, quotas, log } = ofAll;
  const caches = createSeriesCaches(SERIES_CACHE_BYTES);
  const points = createPointWriter(storage, clock, createPointPool(POOL_BYTES));
  const shared = {
    admission,
    metrics,
    limits: () => limits,
    monotonicMs: clock.monotonicMs,
    onStored(method: string, outcome: WriteOutcome, { name }: Sender) {
      metrics.stored(method, outcome, name);
      if (outcome.rejections.total() === 0) return;
      for (const [reason, count] of outcome.rejections.entries()) {
        log.rejected(method, reason, count, name);
      }
    },
    onError(method: string, error: unknown, { name }: Sender) {
      const code = errorCodeOf(error);
      const reason = error instanceof IngestError ? error.reason : undefined;
      metrics.failed(method, code, reason ?? '', name);
      log.failed(method, error, code, name);
      if (code === 'INTERNAL') logger.error({ err: error, method }, 'a write failed on a bug');
    },
  };
  const doors: DoorContext = {
    ...shared,
    quotas,
    findSender,
    storage,
    points,
    oldEvents: createEventWriter(storage, clock),
    caches,
    metadata,
    nowMs: clock.nowMs,
    draining: draining.signal,
    track,
  };
  const rules = options.eventMetrics ?? [];
  const eventMetrics = createEventMetrics({ context: doors, scheduler, rules });
  const events = createEventWriter(storage, clock, eventMetrics.open);
  const writer = createBatchWriter({
    storage,
    points,
    events,
    admission,
    quotas,
    limits: () => limits,
  });
  const holdSeries: WriteContext['holdSeries'] = (ids) => storage.holdSeries(ids);
  const context: WriteContext = { ...shared, writer, holdSeries };
  for (const method of ['Write', 'WriteStream']) metrics.open(method);
  const otlpSettings = { ...DEFAULT_OTLP_SETTINGS, ...options.otlp };
  const otlpMetrics = createOtlpMetricsService(doors, otlpSettings);
  const otlpLogs = createOtlpLogsService(doors, events, otlpSettings);

  /** A shutdown waits for what is tracked. */
  function track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => writes.delete(tracked));
    writes.add(tracked);
    return tracked;
  }

  async function write(bytes: Buffer, sender: Sender): Promise<WriteAnswer> {
    draining.signal.throwIfAborted();
    const arrivedMs = clock.monotonicMs();
    let heldBytes = 0;
    const hold = (size: number) => {
      admission.enter(size, limits);
      heldBytes += size;
    };
    try {
      hold(bytes.length);
      metrics.received('Write', bytes.length);
      const submission = await writer.submit(bytes, sender, createDictionary(limits.refs), hold);
      const outcome = await submission.durable;
      shared.onStored('Write', outcome, sender);
      metrics.acknowledged('Write', clock.monotonicMs() - arrivedMs);
      return toAnswer(outcome, limits);
    } finally {
      admission.leave(heldBytes);
    }
  }

  function handleWrite(
    call: ServerUnaryCall<Buffer, WriteAnswer>,
    callback: sendUnaryData<WriteAnswer>,
  ): void {
    const sender = findSender(authorizationOf(call.metadata));
    void track(
      write(call.request, sender).then(
        (answer) => callback(null, answer),
        (error) => {
          context.onError('Write', error, sender);
          callback(toGrpcError(error));
        },
      ),
    );
  }

  function handleWriteStream(call: WriteStreamCall): void {
    const sender = findSender(authorizationOf(call.metadata));
    const stream = new WriteStream(call, sender, context);
    streams.add(stream);
    metrics.streamOpened();
    stream.finished.then(() => {
      streams.delete(stream);
      metrics.streamClosed();
    });
    if (draining.signal.aborted) stream.drain(shuttingDown());
  }

  return {
    shared: ofAll,
    implementation: { Write: handleWrite, WriteStream: handleWriteStream },
    codecs: { Write: { requestDeserialize: asIs }, WriteStream: { requestDeserialize: asIs } },
    otlpMetrics,
    otlpLogs,
    registerRoutes: (app) => registerRoutes(app, doors, [otlpMetrics.httpDoor, otlpLogs.httpDoor]),
    setLimits(next) {
      limits = { ...DEFAULT_LIMITS, ...next };
    },
    setOtlp(next) {
      otlpMetrics.setSettings({ ...DEFAULT_OTLP_SETTINGS, ...next });
      otlpLogs.setSettings({ ...DEFAULT_OTLP_SETTINGS, ...next });
    },
    setEventMetrics: eventMetrics.setRules,
    async drain() {
      draining.abort(shuttingDown());
      for (const stream of streams) stream.drain(shuttingDown());
      await Promise.allSettled([...writes, ...Array.from(streams, (stream) => stream.finished)]);
      await eventMetrics.close();
    },
  };
}

function createShared({ storage, clock, registry, logger }: IngestServiceOptions): IngestShared {
  const log = createRefusalLog(logger, clock.monotonicMs);
  return {
    metrics: createIngestMetrics(registry),
    admission: createAdmission(clock.monotonicMs),
    quotas: createSeriesQuotas(storage, clock.monotonicMs, log),
    log,
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function shuttingDown(): IngestError {
  return new IngestError('UNAVAILABLE', 'the server is shutting down', {
    retryDelayMs: DRAIN_RETRY_MS,
  });
}
