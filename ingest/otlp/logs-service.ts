// The doors of OTLP logs: LogsService over gRPC, /v1/logs over HTTP.

import { create } from '@bufbuild/protobuf';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ExportLogsServiceRequestSchema,
  ExportLogsServiceResponseSchema,
  type MethodCodec,
} from '../../proto/index.ts';
import { createDoor, type DoorContext, type DoorRequest } from '../door.ts';
import type { EventWriter } from '../event-writer.ts';
import type { HttpDoor, HttpRequest } from '../http/http-door.ts';
import { encoded, isJsonRequest, OTLP_CONTENT_TYPES, refuseOtlp } from './answers.ts';
import { grpcExport } from './grpc-export.ts';
import { requestFromJson } from './json-request.ts';
import { createLogsExporter, type ExportLogsAnswer } from './logs-export.ts';
import type { OtlpSettings } from './settings.ts';

const GRPC_DOOR = 'otlp_logs_grpc';
const HTTP_DOOR = 'otlp_logs_http';

export interface OtlpLogsService {
  /** For the service of LogsService, together with `codecs`. */
  readonly implementation: UntypedServiceImplementation;
  readonly codecs: Readonly<Record<'Export', MethodCodec>>;
  readonly httpDoor: HttpDoor;
  /** From the next request on. */
  setSettings(settings: OtlpSettings): void;
}

export function createOtlpLogsService(
  context: DoorContext,
  events: EventWriter,
  settings: OtlpSettings,
): OtlpLogsService {
  const { storage, caches, admission, onStored, monotonicMs } = context;
  const cache = caches.open();
  const exporter = createLogsExporter({
    ...{ settings, storage, events, admission, cache, monotonicMs },
  });
  const grpcDoor = createDoor(GRPC_DOOR, context);

  async function store(
    name: string,
    body: Buffer,
    request: DoorRequest,
  ): Promise<ExportLogsAnswer> {
    const { answer, outcome } = await exporter.store(body, request);
    onStored(name, outcome, request.sender);
    return answer;
  }

  async function handleHttp(request: HttpRequest) {
    const body = await request.readMessage();
    const isJson = isJsonRequest(request);
    const message = isJson
      ? await requestFromJson(ExportLogsServiceRequestSchema, 'resourceLogs', body, request.hold)
      : body;
    const answer = await store(HTTP_DOOR, message, request);
    const response = create(ExportLogsServiceResponseSchema, answer);
    return { status: 200, ...encoded(ExportLogsServiceResponseSchema, response, isJson) };
  }

  return {
    implementation: {
      Export: grpcExport(grpcDoor, (body, request) => store(GRPC_DOOR, body, request)),
    },
    codecs: { Export: { requestDeserialize: (bytes) => bytes } },
    httpDoor: {
      url: '/v1/logs',
      name: HTTP_DOOR,
      contentTypes: OTLP_CONTENT_TYPES,
      handle: handleHttp,
      refuse: refuseOtlp,
    },
    setSettings: exporter.setSettings,
  };
}
