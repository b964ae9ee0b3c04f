// The door of proto: messages, service descriptors, and how they and errors meet gRPC.

export {
  type Status as RpcStatus,
  StatusSchema as RpcStatusSchema,
} from './gen/google/rpc/status_pb.ts';
export * from './gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts';
export * from './gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
export * from './gen/opentelemetry/proto/common/v1/common_pb.ts';
export {
  type LogRecord,
  LogRecordSchema,
  type ResourceLogs,
  ResourceLogsSchema,
} from './gen/opentelemetry/proto/logs/v1/logs_pb.ts';
export { AggregationTemporality } from './gen/opentelemetry/proto/metrics/v1/metrics_pb.ts';
export {
  type Resource,
  ResourceSchema,
} from './gen/opentelemetry/proto/resource/v1/resource_pb.ts';
export * from './gen/varve/v1/ingest_pb.ts';
export * from './gen/varve/v1/query_pb.ts';
export { type GrpcError, grpcError, retryDelayMsOf } from './grpc-error.ts';
export { type MethodCodec, reflectionPackage, serviceDefinition } from './service-definition.ts';
export { type ErrorCode, errorCodeOf, GRPC_STATUS, type Status, statusOf } from './status.ts';
