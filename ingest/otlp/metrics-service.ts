// The doors of OTLP metrics: MetricsService over gRPC, /v1/metrics over HTTP.

import {
  create,
  type DescMessage,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ExportMetricsServiceResponseSchema,
  type MethodCodec,
  RpcStatusSchema,
  statusOf,
} from '../../proto/index.ts';
import { createDoor, type DoorContext } from '../door.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, Refusal } from '../http/http-door.ts';
import { toGrpcError } from '../responses.ts';
import { createMetricsExporter, type ExportMetricsAnswer } from './metrics-export.ts';
import { metricsFromJson } from './metrics-json.ts';
import type { OtlpSettings } from './settings.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

export interface OtlpMetricsService {
  /** For the service of MetricsService, together with `codecs`. */
  readonly implementation: UntypedServiceImplementation;
  readonly codecs: Readonly<Record<'Export', MethodCodec>>;
  readonly httpDoor: HttpDoor;
  /** From the next request on. */
  setSettings(settings: OtlpSettings): void;
}

export function createOtlpMetricsService(
  context: DoorContext,
  settings: OtlpSettings,
): OtlpMetricsService {
  const { caches, monotonicMs } = context;
  const exporter = createMetricsExporter({ settings, cache: caches.open(), monotonicMs });
  const grpcDoor = createDoor('otlp_metrics_grpc', context);

  function handleExport(
    call: ServerUnaryCall<Buffer, ExportMetricsAnswer>,
    callback: sendUnaryData<ExportMetricsAnswer>,
  ): void {
    const body = call.request;
    const stored = grpcDoor.run((request) => {
      request.received(body.length);
      request.hold(body.length);
      return exporter.store(body, request);
    });
    stored.then(
      (answer) => callback(null, answer),
      (error) => callback(toGrpcError(error)),
    );
  }

  async function handleHttp(request: HttpRequest) {
    const body = await request.readMessage();
    const isJson = isJsonRequest(request);
    const message = isJson ? await metricsFromJson(body, request.hold) : body;
    const answer = create(
      ExportMetricsServiceResponseSchema,
      await exporter.store(message, request),
    );
    return { status: 200, ...encoded(ExportMetricsServiceResponseSchema, answer, isJson) };
  }

  return {
    implementation: { Export: handleExport },
    codecs: { Export: { requestDeserialize: (bytes) => bytes } },
    httpDoor: {
      url: '/v1/metrics',
      name: 'otlp_metrics_http',
      contentTypes: [PROTOBUF, JSON_TYPE],
      handle: handleHttp,
      refuse: refuseOtlp,
    },
    setSettings: exporter.setSettings,
  };
}

/** An error as google.rpc.Status, in the encoding of the request. */
export function refuseOtlp(
  { code, message }: Refusal,
  request: Pick<HttpRequest, 'headers'>,
): Omit<HttpAnswer, 'status'> {
  const status = create(RpcStatusSchema, { code: statusOf(code).grpc, message });
  return encoded(RpcStatusSchema, status, isJsonRequest(request));
}

/** What is neither is answered in JSON, for people who try with curl. */
function isJsonRequest({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  return !headers['content-type']?.toLowerCase().startsWith(PROTOBUF);
}

function encoded<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  isJson: boolean,
): Omit<HttpAnswer, 'status'> {
  // As bytes also the JSON: to text a charset would be added, which the protocol does not have.
  const body = isJson ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message);
  return { headers: { 'content-type': isJson ? JSON_TYPE : PROTOBUF }, body };
}
