// The client behind the query editors of Prometheus, Grafana and others: what it asks while one
// types, request for request.

import { newCompleteStrategy } from '@prometheus-io/codemirror-promql';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { suite } from '../support/suite.ts';
import { QUIET, serveVarve, type VarveProcess } from '../support/varve-process.ts';

/** What the strategy for completing words asks, as far as it is used here. */
interface PrometheusClient {
  labelNames(metric?: string): Promise<string[]>;
  labelValues(name: string, metric?: string): Promise<string[]>;
  metricNames(): Promise<string[]>;
  metricMetadata(): Promise<object>;
  series(metric: string): Promise<object[]>;
  flags(): Promise<Record<string, string>>;
}

const codemirror = suite('e2e/codemirror');

const MINUTE_MS = 60_000;
/** What the editor of Prometheus asks about. */
const LOOKBACK_MS = 12 * 60 * MINUTE_MS;

let varve: VarveProcess;

codemirror.before(async () => {
  varve = await serveVarve(...QUIET);
  const client = connect(varve.grpc);
  const [recentMs, oldMs] = [Date.now() - MINUTE_MS, Date.now() - 2 * LOOKBACK_MS];
  const series = (timestampMs: number, labels: Readonly<Record<string, string>>) => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    timestampsMs: [BigInt(timestampMs)],
    values: [1],
  });
  const { accepted } = await client.write({
    series: [
      series(recentMs, { __name__: 'up', job: 'a' }),
      series(recentMs, { __name__: 'up', job: 'b' }),
      series(recentMs, { __name__: 'requests_total', job: 'a', path: '/' }),
      series(oldMs, { __name__: 'old_metric', gone: 'yes' }),
    ],
  });
  assert.is(accepted, 4n);
  client.close();
  // What has a point in a range is known by window once it lies in one.
  const flushed = await fetch(`${varve.http}/api/v1/admin/flush`, { method: 'POST' });
  assert.ok(flushed.ok);
});

codemirror.after(async () => {
  assert.is((await varve.stop()).code, 0);
});

for (const httpMethod of ['GET', 'POST'] as const) {
  for (const lookbackInterval of [undefined, LOOKBACK_MS]) {
    const range = lookbackInterval === undefined ? 'of all time' : 'of the last hours';
    codemirror(`completes names and values ${range} by ${httpMethod}`, async () => {
      const requests: string[] = [];
      const failures: unknown[] = [];
      const strategy = newCompleteStrategy({
        remote: {
          url: varve.http,
          httpMethod,
          ...(lookbackInterval !== undefined && { lookbackInterval }),
          httpErrorHandler: (error) => failures.push(error),
          fetchFn: async (input, init) => {
            requests.push(`${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`);
            return fetch(input, init);
          },
        },
      }) as unknown as { getPrometheusClient(): PrometheusClient };
      const client = strategy.getPrometheusClient();
      const old = lookbackInterval === undefined;
      const names = await client.metricNames();
      assert.equal(names, [...(old ? ['old_metric'] : []), 'requests_total', 'up']);
      const labels = [...(old ? ['gone'] : []), 'job', 'path'];
      assert.equal(await client.labelNames(), ['__name__', ...labels]);
      assert.equal(await client.labelNames('up'), ['job']);
      assert.equal(await client.labelValues('job'), ['a', 'b']);
      assert.equal(await client.labelValues('job', 'requests_total'), ['a']);
      const series = { __name__: 'requests_total', job: 'a', path: '/' };
      assert.equal(await client.series('requests_total'), [series]);
      assert.equal(await client.metricMetadata(), {});
      assert.ok('query.lookback-delta' in (await client.flags()));
      assert.equal(failures, []);
      assert.equal(requests, [
        'GET /api/v1/label/__name__/values',
        `${httpMethod} /api/v1/labels`,
        `${httpMethod} /api/v1/labels`,
        'GET /api/v1/label/job/values',
        'GET /api/v1/label/job/values',
        `${httpMethod} /api/v1/series`,
        'GET /api/v1/metadata',
        'GET /api/v1/status/flags',
      ]);
    });
  }
}

codemirror.run();
