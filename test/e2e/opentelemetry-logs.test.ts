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
import {
  exporterOverGrpc,
  exporterOverHttp,
  forgetEndpoint,
  serveOtlp,
} from '../support/otlp-server.ts';
import { suite } from '../support/suite.ts';
import type { VarveProcess } from '../support/varve-process.ts';

const sdk = suite('e2e/opentelemetry-logs');

const RECORDS = 50;
/** SeverityNumber of WARN. */
const WARN = 13;

let varve: VarveProcess;

sdk.before(async () => {
  varve = await serveOtlp();
});

sdk.after(async () => {
  forgetEndpoint();
  assert.is((await varve.stop()).code, 0);
});

const EXPORTERS: Readonly<Record<string, () => LogRecordExporter>> = {
  grpc: () => exporterOverGrpc(varve, () => new GrpcExporter()),
  protobuf: () => exporterOverHttp(varve, () => new ProtobufExporter()),
  json: () => exporterOverHttp(varve, () => new JsonExporter()),
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
