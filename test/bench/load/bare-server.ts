// A server for a load client that stores nothing. Modes: `bare` throws every message away as soon
// as grpc-js has it, which is the ceiling of what Node can take; `discard` is the whole ingest room
// on a storage that keeps series but no points. Tells its parent the address and ends with it.

import { performance } from 'node:perf_hooks';
import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Registry } from 'prom-client';
import { createGrpcServer, createIngestService, type GrpcServer } from '../../../ingest/index.ts';
import { IngestService } from '../../../proto/index.ts';
import { createMetadataStore } from '../../../storage/index.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';

const modes: Readonly<Record<string, (server: GrpcServer) => void>> = { bare, discard };
const mode = modes[process.argv[2] ?? 'bare'];
if (mode === undefined) throw new Error(`usage: bare-server ${Object.keys(modes).join('|')}`);
const server = createGrpcServer();
mode(server);
const port = await server.listen('127.0.0.1:0');
process.on('disconnect', () => process.exit());
process.send?.({ address: `127.0.0.1:${port}` });

function bare(target: GrpcServer): void {
  const asIs = { requestDeserialize: (bytes: Buffer) => bytes };
  const implementation = {
    Write: (_call: ServerUnaryCall<Buffer, object>, callback: sendUnaryData<object>) =>
      callback(null, {}),
    WriteStream(call: ServerDuplexStream<Buffer, object>) {
      call.on('data', () => call.write({}));
      call.on('end', () => call.end());
    },
  };
  target.addService(IngestService, implementation, { Write: asIs, WriteStream: asIs });
}

function discard(target: GrpcServer): void {
  const storage = { ...createNaiveStorage(), append: async () => {} };
  const service = createIngestService({
    storage,
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    scheduler: createSimClock().scheduler,
    registry: new Registry(),
    metadata: createMetadataStore(0),
    logger: {
      error: (details, message) => console.error(message, details.err),
      warn: (details, message) => console.error(message, details),
    },
  });
  target.addService(IngestService, service.implementation, service.codecs);
}
