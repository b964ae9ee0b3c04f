// The OpenTelemetry SDK as it comes, with no endpoint configured: what it sends is what queries
// return. On the default ports when nobody else listens there.

import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  AggregationTemporality as Temporality,
} from '@opentelemetry/sdk-metrics';
import * as assert from 'uvu/assert';
import {
  exporterOverGrpc,
  exporterOverHttp,
  forgetEndpoint,
  serveOtlp,
} from '../support/otlp-server.ts';
import { suite } from '../support/suite.ts';
import type { VarveProcess } from '../support/varve-process.ts';

const sdk = suite('e2e/opentelemetry');

const BOUNDS = [0.1, 0.5, 1];

let varve: VarveProcess;

sdk.before(async () => {
  varve = await serveOtlp();
});

sdk.after(async () => {
  forgetEndpoint();
  assert.is((await varve.stop()).code, 0);
});

const EXPORTERS: Readonly<Record<string, (temporalityPreference: number) => PushMetricExporter>> = {
  grpc: (temporalityPreference) =>
    exporterOverGrpc(varve, () => new GrpcExporter({ temporalityPreference })),
  protobuf: (temporalityPreference) =>
    exporterOverHttp(varve, () => new ProtobufExporter({ temporalityPreference })),
  json: (temporalityPreference) =>
    exporterOverHttp(varve, () => new JsonExporter({ temporalityPreference })),
};

function meterOf(exporter: PushMetricExporter) {
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    views: [
      {
        instrumentName: 'payload',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  });
  return { provider, meter: provider.getMeter('shop', '1.0') };
}

/** The samples of an instant query: value by the labels that are not the SDK's. */
async function query(expression: string): Promise<Record<string, number>> {
  const url = `${varve.http}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const { status, data, error } = (await (await fetch(url)).json()) as {
    status: string;
    error?: string;
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  assert.is(status, 'success', error);
  return Object.fromEntries(
    data.result.map(({ metric, value }) => {
      const { __name__, job, via, ...labels } = metric;
      return [Object.values(labels).join(), Number(value[1])];
    }),
  );
}

for (const [via, makeExporter] of Object.entries(EXPORTERS)) {
  sdk(`finds the engine by itself over ${via}, and queries return what it sent`, async () => {
    const { provider, meter } = meterOf(makeExporter(Temporality.CUMULATIVE));
    const requests = meter.createCounter('http.requests', { description: 'served' });
    const queue = meter.createUpDownCounter('queue.length', { unit: '{job}' });
    const load = meter.createObservableGauge('load', { unit: '1' });
    load.addCallback((result) => result.observe(0.25, { via }));
    const advice = { explicitBucketBoundaries: BOUNDS };
    const latency = meter.createHistogram('latency', { unit: 's', advice });
    const payload = meter.createHistogram('payload', { unit: 'By' });
    requests.add(3, { via, 'http.route': '/a' });
    requests.add(5, { via, 'http.route': '/b' });
    queue.add(-2, { via });
    for (let i = 1; i <= 100; i++) {
      latency.record(i <= 20 ? 0.05 : i <= 60 ? 0.2 : 0.9, { via });
      payload.record(i * 10, { via });
    }
    await provider.forceFlush();
    await provider.shutdown();

    assert.equal(await query(`http_requests_total{via="${via}"}`), { '/a': 3, '/b': 5 });
    assert.equal(await query(`queue_length{via="${via}"}`), { '': -2 });
    assert.equal(await query(`load_ratio{via="${via}"}`), { '': 0.25 });
    assert.equal(await query(`latency_seconds_count{via="${via}"}`), { '': 100 });
    assert.equal(await query(`latency_seconds_bucket{via="${via}"}`), {
      '0.1': 20,
      '0.5': 60,
      '1': 100,
      '+Inf': 100,
    });
    const quantile = await query(`histogram_quantile(0.4, latency_seconds_bucket{via="${via}"})`);
    assert.ok(Math.abs(quantile['']! - 0.3) < 1e-12, `quantile ${quantile['']}`);
    const sizes = await query(`histogram_quantile(0.5, payload_bytes_bucket{via="${via}"})`);
    assert.ok(Math.abs(sizes['']! / 500 - 1) < 0.1, `median ${sizes['']} of 10 to 1000`);
    assert.equal(await query(`payload_bytes_sum{via="${via}"}`), { '': 50_500 });
  });

  sdk(`adds up what comes as changes over ${via}`, async () => {
    const { provider, meter } = meterOf(makeExporter(Temporality.DELTA));
    const requests = meter.createCounter('delta.requests');
    const latency = meter.createHistogram('delta.latency', {
      advice: { explicitBucketBoundaries: BOUNDS },
    });
    for (const count of [3, 4]) {
      requests.add(count, { via });
      latency.record(0.2, { via });
      await provider.forceFlush();
    }
    await provider.shutdown();
    assert.equal(await query(`delta_requests_total{via="${via}"}`), { '': 7 });
    assert.equal(await query(`delta_latency_bucket{via="${via}"}`), {
      '0.1': 0,
      '0.5': 2,
      '1': 2,
      '+Inf': 2,
    });
  });
}

sdk('knows what the SDK said of itself and of its metrics', async () => {
  assert.equal(await query('group by (telemetry_sdk_language) (target_info)'), { nodejs: 1 });
  const answer = await fetch(`${varve.http}/api/v1/metadata?metric=http_requests_total`);
  const { data } = (await answer.json()) as { data: unknown };
  assert.equal(data, { http_requests_total: [{ type: 'counter', help: 'served', unit: '' }] });
});

sdk.run();
