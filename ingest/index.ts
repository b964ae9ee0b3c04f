// The door of ingest.

export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from './grpc/server.ts';
export { DEFAULT_LIMITS, type IngestLimits } from './limits.ts';
export {
  createIngestService,
  type IngestLogger,
  type IngestService,
  type IngestServiceOptions,
} from './service.ts';
