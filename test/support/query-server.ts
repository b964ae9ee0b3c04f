// The query room on real ports over the naive storage, and the points it is asked about.

import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import fastify from 'fastify';
import { Registry } from 'prom-client';
import { QueryService as QueryDescriptor, serviceDefinition } from '../../proto/index.ts';
import { createQueryService, type QueryLimits, type QueryService } from '../../query/index.ts';
import type { MetadataStore, Storage } from '../../storage/index.ts';
import { createNaiveStorage } from './naive-storage.ts';
import { readSeriesLine } from './promql-script.ts';
import { type Client, createClient } from './query-client.ts';

export interface QueryServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly grpc: Client;
  readonly service: QueryService;
  readonly registry: Registry;
  readonly errors: readonly unknown[];
  close(): Promise<void>;
}

export interface QueryServerOptions {
  readonly storage?: Storage;
  readonly metadata?: MetadataStore;
  readonly limits?: Partial<QueryLimits>;
  readonly nowMs?: number;
}

export async function startQueryServer(options: QueryServerOptions = {}): Promise<QueryServer> {
  const { storage = createNaiveStorage(), limits = {}, nowMs = 0 } = options;
  const registry = new Registry();
  const errors: unknown[] = [];
  const service = createQueryService({
    storage,
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
    limits,
    registry,
    clock: { nowMs: () => nowMs },
    version: '1.2.3',
    onError: (error) => errors.push(error),
  });
  const app = fastify({ forceCloseConnections: true });
  service.registerRoutes(app);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const server = new Server();
  server.addService(serviceDefinition(QueryDescriptor, service.codecs), service.implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const grpc = createClient(`127.0.0.1:${port}`);
  return {
    url: url.replace(/:\d+$/, `:${(app.server.address() as AddressInfo).port}`),
    grpc,
    service,
    registry,
    errors,
    async close() {
      grpc.close();
      server.forceShutdown();
      await app.close();
    },
  };
}

/** A storage with the series of lines like `up{job="a"} 1 2 _ 4`, a point every `stepMs` from 0. */
export async function storageWith(stepMs: number, ...lines: readonly string[]): Promise<Storage> {
  const storage = createNaiveStorage();
  for (const { labels, items } of lines.map(readSeriesLine)) {
    const [id] = await storage.resolve([labels]);
    const points = items.flatMap((item, i) => (typeof item === 'number' ? [{ item, i }] : []));
    await storage.append({
      ids: new Uint32Array(points.length).fill(id!),
      timestampsMs: Float64Array.from(points, ({ i }) => i * stepMs),
      values: Float64Array.from(points, ({ item }) => item),
    });
  }
  return storage;
}
