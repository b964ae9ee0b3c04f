// The door of ingest.

export { OTLP_TRANSLATIONS } from './decode/otlp/names.ts';
export { type EventMetricRule, parseEventAmount } from './event-metrics/rule.ts';
export { authorizationOf } from './grpc/authorization.ts';
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from './grpc/server.ts';
export { DEFAULT_LIMITS, type IngestLimits } from './limits.ts';
export { DELTA_HANDLINGS, type OtlpSettings } from './otlp/settings.ts';
export { createRepeats } from './repeats.ts';
export { ANYBODY, type FindSender, type Sender, type SenderLimits } from './sender.ts';
export {
  createIngestService,
  type IngestLogger,
  type IngestService,
  type IngestServiceOptions,
} from './service.ts';
