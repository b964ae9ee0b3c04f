import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { get, POINTS, withServer } from '../../support/query-routes.ts';
import { storageWith } from '../../support/query-server.ts';

const errors = suite('query/http/errors');

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
  errors(`refuses ${what}`, () =>
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
  errors(`refuses a query that reads more ${what} than the limit`, () =>
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

errors('says no more than that something broke, and tells the log what', async () => {
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

errors.run();
