// The OpenTelemetry SDK's log exporters as they come, with no endpoint configured: what they sent
// is what /api/v1/events returns and PromQL counts. On the default ports when nobody else listens
// there.

import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordExporter,
} from '@opentelemetry/sdk-logs';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { QUIET, serveVarve, type VarveProcess } from '../support/varve-process.ts';

const sdk = suite('e2e/opentelemetry-logs');

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const RECORDS = 50;
/** SeverityNumber of WARN. */
const WARN = 13;

let varve: VarveProcess;

sdk.before(async () => {
  const defaults = ['--grpc', '127.0.0.1:4317', '--http', '127.0.0.1:4318'];
  varve = await serveVarve(...QUIET, ...defaults).catch(() => serveVarve(...QUIET));
});

sdk.after(async () => {
  delete process.env[ENDPOINT];
  assert.is((await varve.stop()).code, 0);
});

/** An exporter that is told nothing, or of the free port if need be. */
function exporterTo(address: string, port: number, make: () => LogRecordExporter) {
  if (address.endsWith(`:${port}`)) delete process.env[ENDPOINT];
  else process.env[ENDPOINT] = address;
  return make();
}

const EXPORTERS: Readonly<Record<string, () => LogRecordExporter>> = {
  grpc: () => exporterTo(`http://${varve.grpc}`, 4317, () => new GrpcExporter()),
  protobuf: () => exporterTo(varve.http, 4318, () => new ProtobufExporter()),
  json: () => exporterTo(varve.http, 4318, () => new JsonExporter()),
};

async function ask<Result>(path: string, query: string): Promise<Result> {
  const url = `${varve.http}${path}?${new URLSearchParams({ query })}`;
  const { data } = (await (await fetch(url)).json()) as { data: { result: Result } };
  return data.result;
}

for (const [via, makeExporter] of Object.entries(EXPORTERS)) {
  sdk(`finds the engine by itself over ${via}, and what it sent is found`, async () => {
    const provider = new LoggerProvider({
      processors: [new BatchLogRecordProcessor({ exporter: makeExporter() })],
    });
    const logger = provider.getLogger('shop');
    for (let i = 0; i < RECORDS; i++) {
      logger.emit({
        severityNumber: WARN,
        body: `order ${i} via ${via}`,
        attributes: { via, 'order.id': i },
      });
    }
    await provider.forceFlush();
    await provider.shutdown();
    const query = `{level="warn",service_name=~".+"} |= "via ${via}" |~ "order (7|33) "`;
    const [found] = await ask<{ values: [string, string, Record<string, string>][] }[]>(
      '/api/v1/events',
      query,
    );
    assert.equal(
      found!.values.map(([, body, attributes]) => [body, attributes['order.id']]).sort(),
      [
        [`order 33 via ${via}`, '33'],
        [`order 7 via ${via}`, '7'],
      ],
    );
  });
}

sdk('all that was sent is counted by PromQL', async () => {
  const expression = 'sum(count_over_time({level="warn",service_name=~".+"}[10m]))';
  const [sum] = await ask<{ value: [number, string] }[]>('/api/v1/query', expression);
  assert.is(sum!.value[1], String(RECORDS * Object.keys(EXPORTERS).length));
});

sdk.run();
