// The gRPC door: varve.v1.IngestService.

import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Registry } from 'prom-client';
import { errorCodeOf, type MethodCodec } from '../proto/index.ts';
import type { Clock, Storage } from '../storage/index.ts';
import { createAdmission } from './admission.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createDictionary } from './dictionary.ts';
import { IngestError } from './errors.ts';
import { DEFAULT_LIMITS, type IngestLimits } from './limits.ts';
import { createIngestMetrics, type WriteMethod } from './metrics.ts';
import { toAnswer, toGrpcError, type WriteAnswer } from './responses.ts';
import { createSeriesCache } from './series-cache.ts';
import { type WriteContext, WriteStream, type WriteStreamCall } from './write-stream.ts';

const SERIES_CACHE_BYTES = 64 * 1024 * 1024;
const DRAIN_RETRY_MS = 2000;

/** The part of a pino logger that is used. */
export interface IngestLogger {
  error(details: { readonly err: unknown; readonly method: string }, message: string): void;
}

export interface IngestServiceOptions {
  readonly storage: Storage;
  /** Those left out have the defaults of the config. */
  readonly limits?: Partial<IngestLimits>;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly logger: IngestLogger;
}

export interface IngestService {
  /** For the service of IngestServiceSchema, together with `codecs`. */
  readonly implementation: UntypedServiceImplementation;
  /** Requests stay bytes until they are decoded by hand. */
  readonly codecs: Readonly<Record<WriteMethod, MethodCodec>>;
  /** Takes new limits from the next request on; `messageBytes` of the server stays. */
  setLimits(limits: Partial<IngestLimits>): void;
  /**
   * Takes no more batches, answers those it has, then ends every call with UNAVAILABLE. Resolves
   * when nothing is under way any more.
   */
  drain(): Promise<void>;
}

export function createIngestService(options: IngestServiceOptions): IngestService {
  const { storage, clock, registry, logger } = options;
  let limits: IngestLimits = { ...DEFAULT_LIMITS, ...options.limits };
  let draining = false;
  const streams = new Set<WriteStream>();
  const writes = new Set<Promise<void>>();
  const metrics = createIngestMetrics(registry);
  const admission = createAdmission(clock.monotonicMs);
  const cache = createSeriesCache(SERIES_CACHE_BYTES);
  const writer = createBatchWriter({ storage, clock, admission, cache, limits: () => limits });
  const context: WriteContext = {
    writer,
    admission,
    metrics,
    limits: () => limits,
    holdSeries: (ids) => storage.holdSeries(ids),
    monotonicMs: clock.monotonicMs,
    onError(method, error) {
      const code = errorCodeOf(error);
      metrics.failed(method, code);
      if (code === 'INTERNAL') logger.error({ err: error, method }, 'a write failed on a bug');
    },
  };

  async function write(bytes: Buffer): Promise<WriteAnswer> {
    if (draining) throw shuttingDown();
    const arrivedMs = clock.monotonicMs();
    let heldBytes = 0;
    const hold = (size: number) => {
      admission.enter(size, limits);
      heldBytes += size;
    };
    try {
      hold(bytes.length);
      metrics.received(bytes.length);
      const submission = await writer.submit(bytes, createDictionary(limits.refs), hold);
      const outcome = await submission.durable;
      metrics.stored(outcome);
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
    const written = write(call.request).then(
      (answer) => callback(null, answer),
      (error) => {
        context.onError('Write', error);
        callback(toGrpcError(error));
      },
    );
    writes.add(written);
    written.finally(() => writes.delete(written));
  }

  function handleWriteStream(call: WriteStreamCall): void {
    const stream = new WriteStream(call, context);
    streams.add(stream);
    metrics.streamOpened();
    stream.finished.then(() => {
      streams.delete(stream);
      metrics.streamClosed();
    });
    if (draining) stream.drain(shuttingDown());
  }

  return {
    implementation: { Write: handleWrite, WriteStream: handleWriteStream },
    codecs: { Write: { requestDeserialize: asIs }, WriteStream: { requestDeserialize: asIs } },
    setLimits(next) {
      limits = { ...DEFAULT_LIMITS, ...next };
    },
    async drain() {
      draining = true;
      for (const stream of streams) stream.drain(shuttingDown());
      await Promise.all([...writes, ...Array.from(streams, (stream) => stream.finished)]);
    },
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function shuttingDown(): IngestError {
  return new IngestError('UNAVAILABLE', 'the server is shutting down', DRAIN_RETRY_MS);
}
