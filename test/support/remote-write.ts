// Remote-write requests of both versions, encoded by the generated code.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { compressSync } from 'snappy';
import { RequestSchema } from '../../proto/gen/prometheus/request_v2_pb.ts';
import { WriteRequestSchema } from '../../proto/gen/prometheus/write_request_pb.ts';
import { toLabels } from './write-requests.ts';

export type WriteRequestInit = MessageInitShape<typeof WriteRequestSchema>;
export type RequestV2Init = MessageInitShape<typeof RequestSchema>;

export const V2_TYPE = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

export function encodeV1(request: WriteRequestInit): Buffer {
  return Buffer.from(toBinary(WriteRequestSchema, create(WriteRequestSchema, request)));
}

export function encodeV2(request: RequestV2Init): Buffer {
  return Buffer.from(toBinary(RequestSchema, create(RequestSchema, request)));
}

export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [timestampMs: number, value: number])[];
}

export function toV1(series: readonly TestSeries[]) {
  return {
    timeseries: series.map(({ labels, samples }) => ({
      labels: toLabels(labels),
      samples: samples.map(([t, value]) => ({ timestamp: BigInt(t), value })),
    })),
  };
}

/** With a table of symbols, each once. */
export function toV2(series: readonly TestSeries[]) {
  const symbols = new Map([['', 0]]);
  const ref = (text: string) => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text)!;
  };
  const timeseries = series.map(({ labels, samples }) => ({
    labelsRefs: Object.entries(labels).flat().map(ref),
    samples: samples.map(([t, value]) => ({ timestamp: BigInt(t), value })),
  }));
  return { symbols: [...symbols.keys()], timeseries };
}

/** Sends a message as Prometheus does. */
export function postWrite(
  http: string,
  message: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${http}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      ...headers,
    },
    body: compressSync(message),
  });
}
