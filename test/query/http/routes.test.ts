import { EventEmitter, once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Storage } from '../../../storage/index.ts';
import {
  type QueryServer,
  type QueryServerOptions,
  startQueryServer,
  storageWith,
} from '../../support/query-server.ts';

const routes = suite('query/http/routes');

const POINTS = [
  'up{job="a",instance="1"} 1 2 3 4 5',
  'up{job="b",instance="2"} 10 _ 30 _ 50',
  'requests_total{job="a"} 0 30 60 90 120',
  '{"odd name","with.dot"="x"} 1',
];

async function withServer(
  task: (server: QueryServer) => Promise<void>,
  options: QueryServerOptions = {},
): Promise<void> {
  const storage = options.storage ?? (await storageWith(60_000, ...POINTS));
  const server = await startQueryServer({ nowMs: 240_000, ...options, storage });
  try {
    await task(server);
  } finally {
    await server.close();
  }
}

async function get(server: QueryServer, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url + path);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  return { status: response.status, body: await response.json() };
}

function data(value: unknown): object {
  return { status: 200, body: { status: 'success', data: value } };
}

const UP_A = { __name__: 'up', instance: '1', job: 'a' };
const UP_B = { __name__: 'up', instance: '2', job: 'b' };

const ANSWERS: readonly (readonly [string, string, unknown])[] = [
  [
    'a vector at the time asked for',
    '/api/v1/query?query=up&time=120',
    {
      resultType: 'vector',
      result: [
        { metric: UP_A, value: [120, '3'] },
        { metric: UP_B, value: [120, '30'] },
      ],
    },
  ],
  [
    'a vector at the time it is, when none is asked for',
    '/api/v1/query?query=up%7Bjob%3D%22a%22%7D',
    { resultType: 'vector', result: [{ metric: UP_A, value: [240, '5'] }] },
  ],
  [
    'a scalar',
    '/api/v1/query?query=1%2F3&time=1.5',
    { resultType: 'scalar', result: [1.5, '0.3333333333333333'] },
  ],
  [
    'a string',
    '/api/v1/query?query=%22a%22&time=1970-01-01T00:00:01.250Z',
    { resultType: 'string', result: [1.25, 'a'] },
  ],
  [
    'a range vector as its raw points',
    '/api/v1/query?query=up%7Bjob%3D%22b%22%7D%5B2m%5D&time=240',
    { resultType: 'matrix', result: [{ metric: UP_B, values: [[240, '50']] }] },
  ],
  [
    'a matrix over a range, ordered by labels',
    '/api/v1/query_range?query=up&start=0&end=120&step=1m',
    {
      resultType: 'matrix',
      result: [
        {
          metric: UP_A,
          values: [
            [0, '1'],
            [60, '2'],
            [120, '3'],
          ],
        },
        {
          metric: UP_B,
          values: [
            [0, '10'],
            [60, '10'],
            [120, '30'],
          ],
        },
      ],
    },
  ],
  [
    'a scalar over a range as one series without labels',
    '/api/v1/query_range?query=time()&start=0.5&end=1.5&step=0.5',
    {
      resultType: 'matrix',
      result: [
        {
          metric: {},
          values: [
            [0.5, '0.5'],
            [1, '1'],
            [1.5, '1.5'],
          ],
        },
      ],
    },
  ],
  [
    'values that JSON has no numbers for',
    '/api/v1/query?query=label_replace(vector(-1/0),%22a%22,%22b%22,%22%22,%22%22)&time=0',
    { resultType: 'vector', result: [{ metric: { a: 'b' }, value: [0, '-Inf'] }] },
  ],
  [
    'small values with an exponent',
    '/api/v1/query?query=1e-7&time=0',
    { resultType: 'scalar', result: [0, '1e-07'] },
  ],
  [
    'large values with an exponent',
    '/api/v1/query?query=1e21&time=0',
    { resultType: 'scalar', result: [0, '1e+21'] },
  ],
  ['nothing for nothing', '/api/v1/query?query=nothing', { resultType: 'vector', result: [] }],
  [
    'series by selectors',
    '/api/v1/series?match[]=up&match[]=requests_total',
    [UP_A, UP_B, { __name__: 'requests_total', job: 'a' }],
  ],
  ['label names', '/api/v1/labels', ['__name__', 'instance', 'job', 'with.dot']],
  ['label names of some series', '/api/v1/labels?match[]=requests_total', ['__name__', 'job']],
  ['label values', '/api/v1/label/job/values', ['a', 'b']],
  [
    'values of the name',
    '/api/v1/label/__name__/values?match[]=%7Bjob%3D%22a%22%7D',
    ['requests_total', 'up'],
  ],
  ['values of a label whose name is escaped', '/api/v1/label/U__with_2e_dot/values', ['x']],
  ['no values of a label that is not there', '/api/v1/label/nosuch/values', []],
  ['no series outside the range', '/api/v1/series?match[]=up&start=100000', []],
  ['a formatted expression', '/api/v1/format_query?query=sum(up)by(job)', 'sum by (job) (up)'],
  ['no metadata', '/api/v1/metadata', {}],
];

for (const [what, path, want] of ANSWERS) {
  routes(`answers ${what}`, () =>
    withServer(async (server) => {
      const answer = await get(server, path);
      if (path.includes('/series?')) {
        const found = (answer.body as { data: object[] }).data;
        const sort = (all: unknown[]) => all.map((one) => JSON.stringify(one)).sort();
        assert.equal(sort(found), sort(want as unknown[]));
      } else {
        assert.equal(answer, data(want));
      }
    }),
  );
}

const ERRORS: readonly (readonly [string, string, number, string, string])[] = [
  [
    'no query',
    '/api/v1/query',
    400,
    'bad_data',
    'invalid parameter "query": 1:1: parse error: no expression found in input',
  ],
  [
    'a mistake in it',
    '/api/v1/query?query=sum(',
    400,
    'bad_data',
    'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
  ],
  [
    'a bad time',
    '/api/v1/query?query=1&time=now',
    400,
    'bad_data',
    'invalid parameter "time": cannot parse "now" to a valid timestamp',
  ],
  [
    'a bad timeout',
    '/api/v1/query?query=1&timeout=x',
    400,
    'bad_data',
    'invalid parameter "timeout": cannot parse "x" to a valid duration',
  ],
  [
    'a bad limit',
    '/api/v1/query?query=1&limit=-1',
    400,
    'bad_data',
    'invalid parameter "limit": limit must be non-negative',
  ],
  [
    'no start',
    '/api/v1/query_range?query=1&end=1&step=1',
    400,
    'bad_data',
    'invalid parameter "start": cannot parse "" to a valid timestamp',
  ],
  [
    'an end before the start',
    '/api/v1/query_range?query=1&start=2&end=1&step=1',
    400,
    'bad_data',
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  [
    'a step of zero',
    '/api/v1/query_range?query=1&start=1&end=2&step=0',
    400,
    'bad_data',
    'invalid parameter "step": zero or negative query resolution step widths are not ' +
      'accepted. Try a positive integer',
  ],
  [
    'a billion steps',
    '/api/v1/query_range?query=1&start=0&end=1e9&step=1',
    400,
    'bad_data',
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query ' +
      'resolution (?step=XX) (limit 11000, config key query.max_steps)',
  ],
  [
    'a range vector over a range',
    '/api/v1/query_range?query=up[5m]&start=0&end=1&step=1',
    400,
    'bad_data',
    'invalid parameter "query": invalid expression type "range vector" for range query, must ' +
      'be Scalar or instant Vector',
  ],
  [
    'labels that collide',
    '/api/v1/query?query=label_replace(label_replace(up,%22job%22,%22%22,%22%22,%22%22),' +
      '%22instance%22,%22%22,%22%22,%22%22)',
    422,
    'execution',
    'vector cannot contain metrics with the same labelset',
  ],
  ['no selectors', '/api/v1/series', 400, 'bad_data', 'no match[] parameter provided'],
  [
    'an empty selector',
    '/api/v1/series?match[]=%7B%7D',
    400,
    'bad_data',
    '1:1: parse error: vector selector must contain at least one non-empty matcher',
  ],
  [
    'more steps in a subquery than fit',
    '/api/v1/query?query=count_over_time(up[1y:1ms])',
    422,
    'execution',
    'query processing would load too many samples into memory in query execution (limit ' +
      '50000000, config key query.max_samples)',
  ],
];

for (const [what, path, status, errorType, message] of ERRORS) {
  routes(`refuses ${what}`, () =>
    withServer(async (server) => {
      const answer = await get(server, path);
      const body = answer.body as { status: string; errorType: string; error: string };
      assert.equal(
        [answer.status, body.status, body.errorType],
        [status, 'error', errorType],
        body.error,
      );
      if (message !== '') assert.is(body.error, message);
      assert.equal(server.errors, []);
    }),
  );
}

routes('takes parameters as a form', () =>
  withServer(async (server) => {
    const body = new URLSearchParams({ query: 'up{job="a"}', time: '60' });
    const response = await fetch(`${server.url}/api/v1/query`, { method: 'POST', body });
    const result = [{ metric: UP_A, value: [60, '2'] }];
    assert.equal(await response.json(), {
      status: 'success',
      data: { resultType: 'vector', result },
    });
  }),
);

routes('cuts at the limit, and says so', () =>
  withServer(async (server) => {
    const { body } = await get(server, '/api/v1/query?query=up&limit=1&time=0');
    assert.equal(body, {
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: UP_A, value: [0, '1'] }] },
      warnings: ['results truncated due to limit'],
    });
    const labels = await get(server, '/api/v1/labels?limit=2');
    assert.equal(labels.body, {
      status: 'success',
      data: ['__name__', 'instance'],
      warnings: ['results truncated due to limit'],
    });
  }),
);

routes('passes on what is remarkable about a query', () =>
  withServer(async (server) => {
    const { body } = await get(server, '/api/v1/query?query=rate(up[5m])');
    const info =
      'PromQL info: metric might not be a counter, name does not end in ' +
      '_total/_sum/_count/_bucket: "up" (1:6)';
    assert.equal((body as { infos: string[] }).infos, [info]);
    const quantile = await get(server, '/api/v1/query?query=quantile(2,up)');
    assert.equal((quantile.body as { warnings: string[] }).warnings, [
      'PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)',
    ]);
  }),
);

routes('looks back as far as it is told', () =>
  withServer(async (server) => {
    const near = await get(
      server,
      '/api/v1/query?query=up%7Bjob=%22b%22%7D&time=239&lookback_delta=1m',
    );
    assert.equal(near, data({ resultType: 'vector', result: [] }));
  }),
);

routes('tells statistics when asked', () =>
  withServer(async (server) => {
    const { body } = await get(server, '/api/v1/query?query=up&stats=all');
    const { stats } = (body as { data: { stats: { samples: object; timings: object } } }).data;
    assert.equal(stats.samples, { totalQueryableSamples: 8, peakSamples: 8 });
    assert.ok('evalTotalTime' in stats.timings);
  }),
);

routes('streams an answer that is larger than one piece', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `many{i="${i}"} 1 2 3`);
  await withServer(
    async (server) => {
      const response = await fetch(
        `${server.url}/api/v1/query_range?query=many&start=0&end=120&step=60`,
      );
      assert.is(response.headers.get('content-length'), null);
      const { data: found } = (await response.json()) as { data: { result: unknown[] } };
      assert.is(found.result.length, 3000);
    },
    { storage: await storageWith(60_000, ...lines) },
  );
});

/** A storage whose scans stand still until they are aborted. */
async function stuckStorage(started: () => void): Promise<Storage> {
  const storage = await storageWith(60_000, ...POINTS);
  return {
    ...storage,
    async *scan({ signal }) {
      started();
      await once(signal!, 'abort');
      signal!.throwIfAborted();
      yield [];
    },
  };
}

routes('gives up when the time is over', async () => {
  const storage = await stuckStorage(() => {});
  await withServer(
    async (server) => {
      const { status, body } = await get(server, '/api/v1/query?query=up&timeout=20ms');
      assert.is(status, 503);
      assert.equal(body, {
        status: 'error',
        errorType: 'timeout',
        error: 'query timed out in expression evaluation (limit 0.02s, config key query.timeout)',
      });
    },
    { storage },
  );
});

routes('stops a query whose client has gone', async () => {
  const scans = new EventEmitter();
  const started = once(scans, 'scan');
  const storage = await stuckStorage(() => scans.emit('scan'));
  await withServer(
    async (server) => {
      const client = new AbortController();
      const answer = fetch(`${server.url}/api/v1/query?query=up`, { signal: client.signal });
      await started;
      assert.is(server.service.engine.gate.active, 1);
      client.abort();
      await answer.then(
        () => assert.unreachable(),
        () => {},
      );
      while (server.service.engine.gate.active > 0) await new Promise(setImmediate);
      const metrics = await server.registry.metrics();
      assert.match(metrics, /varve_query_requests_total\{kind="instant",outcome="canceled"\} 1/);
    },
    { storage },
  );
});

for (const method of ['POST', 'DELETE']) {
  routes(`lists the queries under way, and ends one by ${method}`, async () => {
    const scans = new EventEmitter();
    const started = once(scans, 'scan');
    const storage = await stuckStorage(() => scans.emit('scan'));
    const path = '/api/v1/status/active_queries';
    await withServer(
      async (server) => {
        const answer = get(server, '/api/v1/query?query=sum(up)&timeout=10s');
        await started;
        const id = server.service.engine.active.list()[0]!.id;
        const entry = { id, query: 'sum(up)', start: '1970-01-01T00:04:00.000Z' };
        const progress = { client: '127.0.0.1', phase: 'evaluating', samples: 0 };
        assert.equal(await get(server, path), data([{ ...entry, ...progress }]));
        const killed = await fetch(`${server.url}${path}/${id}`, { method });
        assert.equal(await killed.json(), { status: 'success', data: { killed: id } });
        assert.equal(await answer, {
          status: 499,
          body: {
            status: 'error',
            errorType: 'canceled',
            error: 'query was killed by an administrator',
          },
        });
        assert.equal(await get(server, path), data([]));
        const again = await fetch(`${server.url}${path}/${id}`, { method });
        assert.is(again.status, 404);
        const error = `no active query has the id ${id}`;
        assert.equal(await again.json(), { status: 'error', errorType: 'not_found', error });
      },
      { storage },
    );
  });
}

routes('explains what the parts of a query have cost', async () => {
  await withServer(async (server) => {
    const text = encodeURIComponent('sum(rate(up[2m])) + 1');
    const { body } = await get(server, `/api/v1/query?query=${text}&time=240&explain=1`);
    const { operators, selectors } = (body as { data: { explain: Record<string, object[]> } }).data
      .explain;
    const parts = operators!.map((part) => (part as { expression: string }).expression);
    assert.equal(
      parts.sort(),
      ['1', 'rate(up[2m])', 'sum(rate(up[2m])) + 1', 'sum(rate(up[2m]))'].sort(),
    );
    const [selector] = selectors!;
    const { milliseconds, ...counts } = selector as { milliseconds: number };
    assert.ok(milliseconds >= 0);
    const blocks = { blocksRead: 0, bytesRead: 0, blocksCached: 0 };
    const tables = { windows: 0, tables: 0, tablesSkipped: 0 };
    assert.equal(counts, { selector: 'up', samples: 3, series: 2, ...tables, ...blocks });
  });
});

routes('tells which metrics and labels have the most series', async () => {
  await withServer(async (server) => {
    const path = '/api/v1/status/tsdb';
    const { status, body } = await get(server, `${path}?limit=1`);
    assert.is(status, 200);
    const { headStats, ...lists } = (body as { data: Record<string, unknown> }).data;
    assert.is((headStats as { numSeries: number }).numSeries, 4);
    assert.is((headStats as { numLabelPairs: number }).numLabelPairs, 8);
    assert.equal(lists, {
      seriesCountByMetricName: [{ name: 'up', value: 2 }],
      labelValueCountByLabelName: [{ name: '__name__', value: 3 }],
      memoryInBytesByLabelName: [{ name: '__name__', value: 24 }],
      seriesCountByLabelValuePair: [{ name: '__name__=up', value: 2 }],
    });
    for (const limit of ['0', '-1', 'many']) {
      const refused = await get(server, `${path}?limit=${limit}`);
      assert.is(refused.status, 400);
    }
  });
});

routes('lets a bounded number of queries wait, and refuses the next', async () => {
  const scans = new EventEmitter();
  let count = 0;
  scans.on('scan', () => count++);
  const first = once(scans, 'scan');
  const storage = await stuckStorage(() => scans.emit('scan'));
  await withServer(
    async (server) => {
      const client = new AbortController();
      const ask = () => fetch(`${server.url}/api/v1/query?query=up`, { signal: client.signal });
      const running = ask().catch(() => {});
      await first;
      const waiting = ask().catch(() => {});
      while (server.service.engine.gate.waiting === 0) await new Promise(setImmediate);
      const refused = await get(server, '/api/v1/query?query=up');
      assert.is(refused.status, 503);
      assert.equal(refused.body, {
        status: 'error',
        errorType: 'unavailable',
        error: '1 queries are waiting already (limit 1, config key query.max_concurrent)',
      });
      assert.is(count, 1);
      client.abort();
      await Promise.all([running, waiting]);
    },
    { storage, limits: { concurrentMax: 1, queuedMax: 1 } },
  );
});

const LIMITS: readonly (readonly [string, object, string])[] = [
  [
    'series',
    { seriesMax: 1 },
    'query selects too many series (limit 1, config key query.max_series)',
  ],
  [
    'points',
    { samplesMax: 5 },
    'query processing would load too many samples into memory in query execution (limit 5, ' +
      'config key query.max_samples)',
  ],
  [
    'bytes',
    { bytesMax: 100 },
    'query would hold too many bytes in memory (limit 100, config key query.max_bytes)',
  ],
];

for (const [what, limits, message] of LIMITS) {
  routes(`refuses a query that reads more ${what} than the limit`, () =>
    withServer(
      async (server) => {
        const { status, body } = await get(server, '/api/v1/query?query=up');
        assert.is(status, 422);
        assert.is((body as { error: string }).error, message);
      },
      { limits },
    ),
  );
}

routes('says no more than that something broke, and tells the log what', async () => {
  const storage = await storageWith(60_000, ...POINTS);
  const broken = new Error('secret path /a/b');
  const failing = {
    ...storage,
    series: () => Promise.reject(broken),
  };
  await withServer(
    async (server) => {
      const { status, body } = await get(server, '/api/v1/series?match[]=up');
      assert.is(status, 500);
      assert.equal(body, { status: 'error', errorType: 'internal', error: 'internal error' });
      assert.equal(server.errors, [broken]);
    },
    { storage: failing },
  );
});

routes.run();
