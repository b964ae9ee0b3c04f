// The door of proto: messages, service descriptors, and how they and errors meet gRPC.

export * from './gen/varve/v1/ingest_pb.ts';
export * from './gen/varve/v1/query_pb.ts';
export { type GrpcError, grpcError, retryDelayMsOf } from './grpc-error.ts';
export { type MethodCodec, reflectionPackage, serviceDefinition } from './service-definition.ts';
export { type ErrorCode, errorCodeOf, GRPC_STATUS, type Status, statusOf } from './status.ts';
