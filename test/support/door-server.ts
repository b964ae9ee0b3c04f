// The HTTP doors over a storage of plain maps, on a free port.

import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Registry } from 'prom-client';
import {
  createIngestService,
  type FindSender,
  type IngestLimits,
  type IngestService,
} from '../../ingest/index.ts';
import { createMetadataStore, type MetadataStore, type Storage } from '../../storage/index.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { NOW_MS } from './ingest-server.ts';
import { createNaiveStorage, type NaiveStorage } from './naive-storage.ts';

export interface DoorServer {
  /** http://HOST:PORT */
  readonly http: string;
  readonly service: IngestService;
  readonly registry: Registry;
  readonly metadata: MetadataStore;
  readonly storage: NaiveStorage;
  /** Errors that the service logged as bugs. */
  readonly bugs: unknown[];
  /** What it logged of writes that it refused. */
  readonly told: object[];
  close(): Promise<void>;
}

export interface DoorServerOptions {
  readonly limits?: Partial<IngestLimits>;
  /** Wraps the naive storage. */
  readonly wrap?: (storage: NaiveStorage) => Storage;
  /** Default: everybody is the same. */
  readonly findSender?: FindSender;
}

export async function startDoorServer(options: DoorServerOptions = {}): Promise<DoorServer> {
  const storage = createNaiveStorage();
  const registry = new Registry();
  const metadata = createMetadataStore(1024 * 1024);
  const bugs: unknown[] = [];
  const told: object[] = [];
  const service = createIngestService({
    storage: options.wrap?.(storage) ?? storage,
    limits: options.limits ?? {},
    clock: { nowMs: () => NOW_MS, monotonicMs: () => performance.now() },
    scheduler: createSimClock().scheduler,
    registry,
    metadata,
    logger: { error: ({ err }) => bugs.push(err), warn: (details) => told.push(details) },
    ...(options.findSender !== undefined && { findSender: options.findSender }),
  });
  // A connection that falls idle during the close would hold it up for its keep-alive of 72 s.
  const app = fastify({ logger: false, forceCloseConnections: true });
  service.registerRoutes(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    http: `http://127.0.0.1:${port}`,
    service,
    registry,
    metadata,
    storage,
    bugs,
    told,
    close: () => app.close(),
  };
}
