import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { data, get, UP_A, UP_B, withServer } from '../../support/query-routes.ts';
import { storageWith } from '../../support/query-server.ts';

const routes = suite('query/http/routes');

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

routes.run();
