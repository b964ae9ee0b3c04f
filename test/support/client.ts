// A gRPC client of varve for tests: generated messages on real sockets.

import type { MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  IngestService,
  QueryService,
  type ScanRangeRequestSchema,
  type ScanRangeResponse,
  serviceDefinition,
  type WriteRequestSchema,
  type WriteResponse,
} from '../../proto/index.ts';

export type WriteInit = MessageInitShape<typeof WriteRequestSchema>;

export interface TestClient {
  write(request: WriteInit): Promise<WriteResponse>;
  writeStream(): grpc.ClientDuplexStream<WriteInit, WriteResponse>;
  scanRange(request: MessageInitShape<typeof ScanRangeRequestSchema>): Promise<ScanRangeResponse[]>;
  close(): void;
}

export interface ConnectOptions {
  /** Default: no TLS. */
  readonly credentials?: grpc.ChannelCredentials;
  /** Shown with every call. */
  readonly token?: string;
}

export function connect(address: string, how: ConnectOptions = {}): TestClient {
  const credentials = how.credentials ?? grpc.credentials.createInsecure();
  const options = {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    interceptors: how.token === undefined ? [] : [showing(how.token)],
  };
  const Ingest = grpc.makeClientConstructor(serviceDefinition(IngestService), 'IngestService');
  const Query = grpc.makeClientConstructor(serviceDefinition(QueryService), 'QueryService');
  const ingest = new Ingest(address, credentials, options);
  const query = new Query(address, credentials, options);
  return {
    write: (request) =>
      new Promise((resolve, reject) => {
        ingest['Write']!(request, (error: Error | null, response: WriteResponse) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    writeStream: () => ingest['WriteStream']!(),
    async scanRange(request) {
      const responses: ScanRangeResponse[] = [];
      for await (const response of query['ScanRange']!(request)) responses.push(response);
      return responses;
    },
    close() {
      ingest.close();
      query.close();
    },
  };
}

/** Shows a token with every call. */
export function showing(token: string): grpc.Interceptor {
  return (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}
