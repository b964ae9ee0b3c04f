// The one method that every OTLP service has over gRPC.

import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Door, DoorRequest } from '../door.ts';
import { authorizationOf } from '../grpc/authorization.ts';
import { toGrpcError } from '../responses.ts';

/** Export through `door`: `store` is given the request's bytes, which count from their arrival. */
export function grpcExport<Answer>(
  door: Door,
  store: (body: Buffer, request: DoorRequest) => Promise<Answer>,
) {
  return (call: ServerUnaryCall<Buffer, Answer>, callback: sendUnaryData<Answer>): void => {
    const body = call.request;
    const authorization = authorizationOf(call.metadata);
    const stored = door.run(authorization, (request) => {
      request.received(body.length);
      request.hold(body.length);
      return store(body, request);
    });
    stored.then(
      (answer) => callback(null, answer),
      (error) => callback(toGrpcError(error)),
    );
  };
}
