// A gRPC server with the ingest service on a free port, and real clients that talk to it.

import { EventEmitter, once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CallOptions,
  type ChannelOptions,
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { Registry } from 'prom-client';
import {
  createGrpcServer,
  createIngestService,
  type EventMetricRule,
  type FindSender,
  type GrpcServer,
  type IngestLimits,
  type IngestService,
} from '../../ingest/index.ts';
import {
  IngestService as IngestServiceSchema,
  MetricsService,
  serviceDefinition,
  type WriteRequestSchema,
  type WriteResponse,
} from '../../proto/index.ts';
import { type Clock, createMetadataStore, type Storage } from '../../storage/index.ts';
import { createSimClock, type SimClock } from '../sim/sim-clock.ts';
import { createNaiveStorage, type NaiveStorage } from './naive-storage.ts';

export type WriteRequestInit = MessageInitShape<typeof WriteRequestSchema>;

/** What the tests' clock says: 2026-01-01. */
export const NOW_MS = Date.UTC(2026, 0, 1);

const WriteClient = makeClientConstructor(
  serviceDefinition(IngestServiceSchema),
  IngestServiceSchema.typeName,
);
/** Sends bytes as they are, whatever they say. */
const BytesClient = makeClientConstructor(
  serviceDefinition(IngestServiceSchema, {
    Write: { requestSerialize: (bytes) => bytes as Buffer },
    WriteStream: { requestSerialize: (bytes) => bytes as Buffer },
  }),
  IngestServiceSchema.typeName,
);

export interface IngestServer {
  readonly address: string;
  readonly port: number;
  readonly server: GrpcServer;
  readonly service: IngestService;
  readonly registry: Registry;
  readonly storage: NaiveStorage;
  /** Errors that the service logged as bugs. */
  readonly bugs: unknown[];
  /** What it logged of writes that it refused. */
  readonly told: object[];
  close(): Promise<void>;
}

export interface IngestServerOptions {
  readonly limits?: Partial<IngestLimits>;
  /** Wraps the naive storage. */
  readonly wrap?: (storage: NaiveStorage) => Storage;
  /** Default: everybody is the same. */
  readonly findSender?: FindSender;
  readonly messageBytes?: number;
  /** Where timers wait, and what the clock says; without it NOW_MS for ever. */
  readonly sim?: SimClock;
  readonly eventMetrics?: readonly EventMetricRule[];
  /** Default: an empty one. */
  readonly storage?: NaiveStorage;
}

export async function startIngestServer(options: IngestServerOptions = {}): Promise<IngestServer> {
  const storage = options.storage ?? createNaiveStorage();
  const registry = new Registry();
  const bugs: unknown[] = [];
  const standing: Clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
  const { scheduler } = options.sim ?? createSimClock();
  const told: object[] = [];
  const service = createIngestService({
    storage: options.wrap?.(storage) ?? storage,
    limits: options.limits ?? {},
    clock: options.sim?.clock ?? standing,
    scheduler,
    registry,
    metadata: createMetadataStore(1024 * 1024),
    logger: { error: ({ err }) => bugs.push(err), warn: (details) => told.push(details) },
    ...(options.findSender !== undefined && { findSender: options.findSender }),
    ...(options.eventMetrics !== undefined && { eventMetrics: options.eventMetrics }),
  });
  const server = createGrpcServer(
    options.messageBytes === undefined ? {} : { messageBytes: options.messageBytes },
  );
  server.addService(IngestServiceSchema, service.implementation, service.codecs);
  server.addService(MetricsService, service.otlpMetrics.implementation, service.otlpMetrics.codecs);
  const port = await server.listen('127.0.0.1:0');
  const close = () => server.close(0);
  const address = `127.0.0.1:${port}`;
  return { address, port, server, service, registry, storage, bugs, told, close };
}

export interface WriteCall {
  send(request: WriteRequestInit | Buffer): void;
  /** The next ack; rejects with the call's error when there is none. */
  ack(): Promise<WriteResponse>;
  /** Resolves with the error that ends the call, undefined for an ordinary end. */
  ended(): Promise<ServiceError | undefined>;
  readonly stream: ClientDuplexStream<unknown, WriteResponse>;
}

export interface WriteClient {
  write(request: WriteRequestInit | Buffer, options?: CallOptions): Promise<WriteResponse>;
  writeStream(): WriteCall;
  close(): void;
}

export function connect(address: string, channelOptions: ChannelOptions = {}): WriteClient {
  const options = { 'grpc.max_send_message_length': -1, ...channelOptions };
  const typed = new WriteClient(address, credentials.createInsecure(), options);
  const raw = new BytesClient(address, credentials.createInsecure(), options);
  return {
    write(request, callOptions = {}) {
      const client = Buffer.isBuffer(request) ? raw : typed;
      return new Promise((resolve, reject) => {
        const done = (error: ServiceError | null, response: WriteResponse) => {
          if (error === null) resolve(response);
          else reject(error);
        };
        client['write']?.(request, callOptions, done);
      });
    },
    writeStream: () => openStream(raw),
    close() {
      typed.close();
      raw.close();
    },
  };
}

function openStream(client: InstanceType<typeof BytesClient>): WriteCall {
  const stream = client['writeStream']?.() as ClientDuplexStream<unknown, WriteResponse>;
  const definition = serviceDefinition(IngestServiceSchema)['WriteStream']!;
  const acks: WriteResponse[] = [];
  const changes = new EventEmitter();
  let error: ServiceError | undefined;
  let over = false;
  stream.on('data', (response: WriteResponse) => {
    acks.push(response);
    changes.emit('change');
  });
  stream.on('error', (cause: ServiceError) => {
    error = cause;
  });
  stream.on('status', () => {
    over = true;
    // The error is emitted after the status.
    setImmediate(() => changes.emit('change'));
  });
  return {
    stream,
    send(request) {
      stream.write(Buffer.isBuffer(request) ? request : definition.requestSerialize(request));
    },
    async ack() {
      while (acks.length === 0) {
        if (over) throw error ?? new Error('the call ended without another ack');
        await once(changes, 'change');
      }
      return acks.shift()!;
    },
    async ended() {
      while (!over) await once(changes, 'change');
      return error;
    },
  };
}
