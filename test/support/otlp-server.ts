// A server where the SDKs of OpenTelemetry look for one, and exporters that are told nothing.

import { QUIET, serveVarve, type VarveProcess } from './varve-process.ts';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const GRPC_PORT = 4317;
const HTTP_PORT = 4318;

/** `varve serve` on the default ports of OTLP, or on free ones when somebody else listens there. */
export async function serveOtlp(): Promise<VarveProcess> {
  const defaults = ['--grpc', `127.0.0.1:${GRPC_PORT}`, '--http', `127.0.0.1:${HTTP_PORT}`];
  return serveVarve(...QUIET, ...defaults).catch(() => serveVarve(...QUIET));
}

/** An exporter over gRPC that finds `varve` by itself, or by the environment if need be. */
export function exporterOverGrpc<Exporter>(varve: VarveProcess, make: () => Exporter): Exporter {
  return exporterTo(`http://${varve.grpc}`, GRPC_PORT, make);
}

/** The same over HTTP. */
export function exporterOverHttp<Exporter>(varve: VarveProcess, make: () => Exporter): Exporter {
  return exporterTo(varve.http, HTTP_PORT, make);
}

/** What exporters read is as it was before. */
export function forgetEndpoint(): void {
  delete process.env[ENDPOINT];
}

function exporterTo<Exporter>(address: string, port: number, make: () => Exporter): Exporter {
  if (address.endsWith(`:${port}`)) forgetEndpoint();
  else process.env[ENDPOINT] = address;
  return make();
}
