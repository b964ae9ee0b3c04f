// The doors of OTLP metrics: MetricsService over gRPC, /v1/metrics over HTTP.

import { create } from '@bufbuild/protobuf';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ExportMetricsServiceRequestSchema,
  ExportMetricsServiceResponseSchema,
  type MethodCodec,
} from '../../proto/index.ts';
import { createDoor, type DoorContext } from '../door.ts';
import type { HttpDoor, HttpRequest } from '../http/http-door.ts';
import { encoded, isJsonRequest, OTLP_CONTENT_TYPES, refuseOtlp } from './answers.ts';
import { grpcExport } from './grpc-export.ts';
import { requestFromJson } from './json-request.ts';
import { createMetricsExporter } from './metrics-export.ts';
import type { OtlpSettings } from './settings.ts';

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

  async function handleHttp(request: HttpRequest) {
    const body = await request.readMessage();
    const isJson = isJsonRequest(request);
    const message = isJson
      ? await requestFromJson(
          ExportMetricsServiceRequestSchema,
          'resourceMetrics',
          body,
          request.hold,
        )
      : body;
    const answer = create(
      ExportMetricsServiceResponseSchema,
      await exporter.store(message, request),
    );
    return { status: 200, ...encoded(ExportMetricsServiceResponseSchema, answer, isJson) };
  }

  return {
    implementation: { Export: grpcExport(grpcDoor, exporter.store) },
    codecs: { Export: { requestDeserialize: (bytes) => bytes } },
    httpDoor: {
      url: '/v1/metrics',
      name: 'otlp_metrics_http',
      contentTypes: OTLP_CONTENT_TYPES,
      handle: handleHttp,
      refuse: refuseOtlp,
    },
    setSettings: exporter.setSettings,
  };
}
