// Every way in for points and events: what a sound body is there, and how one is sent.

import { deflateSync, gzipSync } from 'node:zlib';
import { type DescMessage, type DescService, fromBinary, toJsonString } from '@bufbuild/protobuf';
import { credentials, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { compressSync } from 'snappy';
import { compress } from 'zstd-napi';
import {
  ExportLogsServiceRequestSchema,
  ExportMetricsServiceRequestSchema,
  IngestService,
  LogsService,
  MetricsService,
  serviceDefinition,
} from '../../proto/index.ts';
import { createRng, type Rng } from '../sim/rng.ts';
import { connect } from '../support/ingest-server.ts';
import { V2_TYPE } from '../support/remote-write.ts';
import type { VarveProcess } from '../support/varve-process.ts';
import * as bodies from './bodies.ts';

/** `taken` may be in part; `refused` is the sender's fault; anything else has a status of ours. */
export interface Verdict {
  readonly kind: 'taken' | 'refused' | 'wrong';
  readonly text: string;
}

export interface Sender {
  send(body: Uint8Array, coding: Coding): Promise<Verdict>;
  close(): void;
}

export interface Door {
  readonly name: string;
  readonly body: bodies.MakeBody;
  /** Pieces of the text that bodies are; protobuf has none. */
  readonly words?: readonly string[];
  readonly codings: readonly Coding[];
  open(server: VarveProcess): Sender;
}

export const CODINGS = {
  identity: (bytes: Uint8Array) => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  zstd: (bytes: Uint8Array) => compress(bytes),
  snappy: (bytes: Uint8Array) => compressSync(Buffer.from(bytes)),
} as const;
export type Coding = keyof typeof CODINGS;

const NUMBERS = ['99999999999999999999', '-1', '1e999', '0x1p3', 'NaN', '-Inf', '١', '1_000'];
const SIGNS = ['"', '\\', '\n', '\r\n', '\0', '=', ',', ' ', '{', '}', '#', '\ud7ff', '\t'];
const TEXT = [...NUMBERS, ...SIGNS];
const JSON_WORDS = [
  ...[...TEXT, 'null', '[]', '{}', '[[', ']', 'true', '"\\ud800"', '"__proto__":', '1e5'],
  ...['['.repeat(5000), '{"a":'.repeat(5000)],
];

interface HttpDoor extends Omit<Door, 'codings' | 'open'> {
  readonly path: string;
  readonly type: string;
}

function http({ path, type, ...door }: HttpDoor): Door {
  return {
    ...door,
    codings: Object.keys(CODINGS) as Coding[],
    open: (server) => ({
      async send(bytes, coding) {
        const answer = await fetch(`${server.http}${path}`, {
          method: 'POST',
          headers: { 'content-type': type, 'content-encoding': coding },
          body: bytes as Uint8Array<ArrayBuffer>,
        });
        const said = `${answer.status} ${await answer.text()}`;
        if (answer.ok) return { kind: 'taken', text: said };
        return { kind: [400, 413].includes(answer.status) ? 'refused' : 'wrong', text: said };
      },
      close: () => {},
    }),
  };
}

function unary(name: string, service: DescService, method: string, body: bodies.MakeBody): Door {
  const raw = { [method]: { requestSerialize: (bytes: unknown) => bytes as Buffer } };
  const Client = makeClientConstructor(serviceDefinition(service, raw), service.typeName);
  return {
    ...{ name, body, codings: ['identity'] },
    open(server) {
      const client = new Client(server.grpc, credentials.createInsecure());
      const send = (bytes: Uint8Array) =>
        new Promise<Verdict>((resolve) => {
          client[method]!(bytes, (error: ServiceError | null) => resolve(verdictOf(error)));
        });
      return { send, close: () => client.close() };
    },
  };
}

/** Each body on a stream of its own, between two sound ones. */
function stream(name: string, body: bodies.MakeBody): Door {
  const neighbour = body(createRng(1));
  return {
    ...{ name, body, codings: ['identity'] },
    open(server) {
      const client = connect(server.grpc);
      const send = async (bytes: Uint8Array) => {
        const call = client.writeStream();
        for (const message of [neighbour, Buffer.from(bytes), neighbour]) call.send(message);
        call.stream.end();
        return verdictOf(await call.ended());
      };
      return { send, close: () => client.close() };
    },
  };
}

function verdictOf(error: ServiceError | null | undefined): Verdict {
  if (!error) return { kind: 'taken', text: 'OK' };
  const kind = error.code === status.INVALID_ARGUMENT ? 'refused' : 'wrong';
  return { kind, text: `${status[error.code]} ${error.details}` };
}

/** The JSON form, with ids in hexadecimal digits as OTLP has them. */
function asJson(schema: DescMessage, body: bodies.MakeBody): bodies.MakeBody {
  const hex = (_: string, key: string, id: string) =>
    `"${key}":"${Buffer.from(id, 'base64').toString('hex')}"`;
  return (rng: Rng) =>
    Buffer.from(
      toJsonString(schema, fromBinary(schema, body(rng))).replace(
        /"(traceId|spanId)":"([^"]+)"/g,
        hex,
      ),
    );
}

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const CSV_PATH = '/api/v1/import/csv?format=1:time:unix_ms,2:label:rack,3:metric:fuzzed_csv';
const INFLUX_WORDS = [...TEXT, 't', 'i', 'u', 'm f=1 1\n', ' ,', '\\ ', ',s="a \\"b"', 's="'];
const EXPOSITION_WORDS = [
  ...[...TEXT, '# EOF\n', '# TYPE a histogram\n', '# HELP ', '{"', '# {', 'le="'],
  ...['a_bucket{le="1"} 1\n', ' 1 2 3'],
];

const LINES = { type: 'text/plain', body: bodies.influxLines, words: INFLUX_WORDS };
const METRICS = { path: '/v1/metrics', body: bodies.otlpMetrics };
const LOGS = { path: '/v1/logs', body: bodies.otlpLogs };

export const DOORS: readonly Door[] = [
  unary('Write', IngestService, 'Write', bodies.varveRequest),
  stream('WriteStream', bodies.varveRequest),
  http({
    name: 'remote write 1.0',
    path: '/api/v1/write',
    type: PROTOBUF,
    body: bodies.remoteWrite1,
  }),
  http({
    name: 'remote write 2.0',
    path: '/api/v1/write',
    type: V2_TYPE,
    body: bodies.remoteWrite2,
  }),
  http({ name: 'line protocol 1', path: '/write?db=d', ...LINES }),
  http({ name: 'line protocol 2', path: '/api/v2/write?bucket=b', ...LINES }),
  http({
    name: 'JSON lines',
    path: '/api/v1/import',
    type: JSON_TYPE,
    body: bodies.jsonLines,
    words: JSON_WORDS,
  }),
  http({
    name: 'Prometheus text',
    path: '/api/v1/import/prometheus',
    type: 'text/plain;version=0.0.4',
    body: bodies.exposition,
    words: EXPOSITION_WORDS,
  }),
  http({ name: 'CSV', path: CSV_PATH, type: 'text/csv', body: bodies.csv, words: TEXT }),
  unary('OTLP metrics over gRPC', MetricsService, 'Export', bodies.otlpMetrics),
  http({ name: 'OTLP metrics as protobuf', type: PROTOBUF, ...METRICS }),
  http({
    ...{ ...METRICS, name: 'OTLP metrics as JSON', type: JSON_TYPE, words: JSON_WORDS },
    body: asJson(ExportMetricsServiceRequestSchema, bodies.otlpMetrics),
  }),
  unary('OTLP logs over gRPC', LogsService, 'Export', bodies.otlpLogs),
  http({ name: 'OTLP logs as protobuf', type: PROTOBUF, ...LOGS }),
  http({
    ...{ ...LOGS, name: 'OTLP logs as JSON', type: JSON_TYPE, words: JSON_WORDS },
    body: asJson(ExportLogsServiceRequestSchema, bodies.otlpLogs),
  }),
];
