// Limits of series on a real gRPC port: what is new is refused, what there is goes on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_LIMITS, type SenderLimits } from '../../ingest/sender.ts';
import type { WriteResponse } from '../../proto/index.ts';
import { showing } from '../support/client.ts';
import {
  connect,
  type IngestServer,
  type IngestServerOptions,
  NOW_MS,
  startIngestServer,
  type WriteClient,
} from '../support/ingest-server.ts';
import { toLabels } from '../support/write-requests.ts';

const quotas = suite('ingest/series-quotas');

/** By what they show: the tokens of these tests. */
const SENDERS: Readonly<Record<string, { labels: Record<string, string>; limits: object }>> = {
  loose: { labels: {}, limits: { series: 3, seriesPerMetric: 2 } },
  red: { labels: { team: 'red' }, limits: { series: 2 } },
};

function findSender(authorization = '') {
  const name = authorization.replace('Bearer ', '');
  const { labels, limits } = SENDERS[name] ?? { labels: {}, limits: {} };
  const all: SenderLimits = { ...NO_LIMITS, ...limits };
  return { name, labels: toLabels(labels), limits: () => all };
}

async function withServer(
  options: IngestServerOptions,
  check: (client: WriteClient, server: IngestServer) => Promise<void>,
): Promise<void> {
  const server = await startIngestServer({ findSender, ...options });
  const client = connect(server.address);
  try {
    await check(client, server);
    assert.equal(server.bugs, []);
  } finally {
    client.close();
    await server.close();
  }
}

function write(
  client: WriteClient,
  series: readonly Readonly<Record<string, string>>[],
  token?: string,
): Promise<WriteResponse> {
  const points = { timestampsMs: [BigInt(NOW_MS)], values: [1] };
  const request = { series: series.map((labels) => ({ labels: toLabels(labels), ...points })) };
  return client.write(request, token === undefined ? {} : { interceptors: [showing(token)] });
}

/** `count` series of a metric that differ in `path`. */
function paths(metric: string, count: number, first = 0): Record<string, string>[] {
  return Array.from({ length: count }, (_, i) => {
    return { __name__: metric, job: 'web', path: `/${first + i}` };
  });
}

function outcome({ accepted, rejections }: WriteResponse): [bigint, bigint, string] {
  return [accepted, rejections[0]?.count ?? 0n, rejections[0]?.reason ?? ''];
}

quotas('of one metric so many series are let in, and the others are named', async () => {
  await withServer({ limits: { seriesPerMetric: 3 } }, async (client, server) => {
    const first = await write(client, [...paths('hits', 5), ...paths('other', 2)]);
    const text =
      'new series of the metric "hits" past the limit of 3 (ingest.limits.series_per_metric); ' +
      'its label "path" has the most values';
    assert.equal(outcome(first), [5n, 2n, text]);
    assert.equal(outcome(await write(client, paths('hits', 4))), [3n, 1n, text]);
    assert.equal(outcome(await write(client, paths('other', 3))), [3n, 0n, '']);
    const metrics = await server.registry.metrics();
    assert.match(metrics, /points_total\{method="Write",reason="series_per_metric_limit"\} 3$/m);
    const told = server.told.filter((line) => 'metric' in line);
    assert.equal(told, [
      { metric: '"hits"', label: 'path', limit: 'ingest.limits.series_per_metric', times: 1 },
    ]);
  });
});

quotas('what is stored already counts, though this run has not seen it', async () => {
  await withServer({}, async (client, { storage, service }) => {
    await write(client, paths('hits', 3));
    service.setLimits({ seriesPerMetric: 4 });
    assert.equal((await write(client, paths('hits', 6))).accepted, 4n);
    assert.is(storage.seriesCount, 4);
  });
});

quotas('requests that come together do not get past a limit', async () => {
  await withServer({ limits: { seriesPerMetric: 10 } }, async (client, { storage }) => {
    const batches = Array.from({ length: 20 }, (_, i) => paths('hits', 3, 3 * i));
    const answers = await Promise.all(batches.map((batch) => write(client, batch)));
    assert.is(
      answers.reduce((sum, { accepted }) => sum + accepted, 0n),
      10n,
    );
    assert.is(storage.seriesCount, 10);
  });
});

quotas('a token has limits of its own, which others do not feel', async () => {
  await withServer({}, async (client, server) => {
    await write(client, paths('hits', 5), 'other');
    assert.equal(outcome(await write(client, paths('hits', 9), 'loose')), [
      7n,
      2n,
      'new series of the metric "hits" past the limit of 2 ' +
        '(limits.series_per_metric of the token loose); its label "path" has the most values',
    ]);
    const more = [...paths('a', 1), ...paths('b', 1)];
    assert.equal(outcome(await write(client, more, 'loose')), [
      1n,
      1n,
      'new series past the limit of 3 (limits.series of the token loose), of metrics like "b"',
    ]);
    assert.equal(outcome(await write(client, more, 'other')), [2n, 0n, '']);
    const metrics = await server.registry.metrics();
    assert.match(
      metrics,
      /points_total\{method="Write",reason="token_series_per_metric_limit",token="loose"\} 2$/m,
    );
    assert.match(metrics, /reason="token_series_limit",token="loose"\} 1$/m);
  });
});

quotas('of a token with labels all series count that have them', async () => {
  await withServer({}, async (client) => {
    const red = (n: number) => ({ __name__: `m${n}`, team: 'red' });
    await write(client, [red(1)], 'other');
    const { accepted, rejected } = await write(client, [red(1), red(2), red(3)], 'red');
    assert.equal([accepted, rejected], [2n, 1n]);
  });
});

quotas.run();
