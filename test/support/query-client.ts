// A client of varve.v1.QueryService: promises for unary methods, lists for streams.

import {
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
} from '@grpc/grpc-js';
import {
  type LabelNamesResponse,
  type LabelValuesResponse,
  type QueryResponse,
  QueryService,
  type ScanRangeResponse,
  type SeriesResponse,
  serviceDefinition,
} from '../../proto/index.ts';
import { showing } from './client.ts';

interface Answers {
  QueryInstant: QueryResponse;
  Series: SeriesResponse;
  LabelNames: LabelNamesResponse;
  LabelValues: LabelValuesResponse;
}

interface StreamAnswers {
  QueryRange: QueryResponse;
  ScanRange: ScanRangeResponse;
}

export interface Client {
  call<Method extends keyof Answers>(
    method: Method,
    request: object,
    deadlineMs?: number,
  ): Promise<Answers[Method]>;
  stream<Method extends keyof StreamAnswers>(
    method: Method,
    request: object,
  ): ClientReadableStream<StreamAnswers[Method]>;
  collect<Method extends keyof StreamAnswers>(
    method: Method,
    request: object,
  ): Promise<StreamAnswers[Method][]>;
  close(): void;
}

type Unary = (
  request: object,
  options: object,
  callback: (error: Error | null, answer: unknown) => void,
) => void;
type Streaming = (request: object) => ClientReadableStream<unknown>;

/** `token` is shown with every call. */
export function createClient(address: string, token?: string): Client {
  const Constructor = makeGenericClientConstructor(serviceDefinition(QueryService), 'Query');
  const raw = new Constructor(address, credentials.createInsecure(), {
    interceptors: token === undefined ? [] : [showing(token)],
  });
  const methodOf = <Kind>(name: string): Kind => {
    return (raw as unknown as Record<string, { bind(client: object): Kind }>)[name]!.bind(raw);
  };
  const client: Client = {
    call(method, request, deadlineMs = 30_000) {
      const options = { deadline: Date.now() + deadlineMs };
      return new Promise((resolve, reject) => {
        methodOf<Unary>(method)(request, options, (error, answer) => {
          if (error === null) resolve(answer as never);
          else reject(error);
        });
      });
    },
    stream: (method, request) => methodOf<Streaming>(method)(request) as never,
    async collect(method, request) {
      const messages = [];
      for await (const message of client.stream(method, request)) messages.push(message);
      return messages;
    },
    close: () => raw.close(),
  };
  return client;
}
