import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendEvents } from '../../support/events.ts';
import { createNaiveStorage, type NaiveStorage } from '../../support/naive-storage.ts';
import { get, withServer } from '../../support/query-routes.ts';
import type { QueryServer } from '../../support/query-server.ts';

const events = suite('query/http/events');

const NOW_MS = 4 * 3_600_000;
const API = [{ name: 'service', value: 'api' }];
const DB = [{ name: 'service', value: 'db' }];

async function storageWithEvents(): Promise<NaiveStorage> {
  const storage = createNaiveStorage();
  await appendEvents(storage, [
    { labels: API, timestampMs: NOW_MS - 4000, nanos: 1, body: 'one' },
    { labels: API, timestampMs: NOW_MS - 3000, body: 'two "2"' },
    { labels: API, timestampMs: NOW_MS - 3000, body: 'three' },
    {
      labels: DB,
      timestampMs: NOW_MS - 2000,
      body: 'four',
      attributes: [{ name: 'trace', value: 't1' }],
    },
    { labels: DB, timestampMs: NOW_MS - 2 * 3_600_000, body: 'old' },
  ]);
  return storage;
}

async function ask(
  parameters: Readonly<Record<string, string>>,
  check: (answer: { status: number; body: unknown }, server: QueryServer) => void,
): Promise<void> {
  await withServer(
    async (server) => {
      const answer = await get(server, `/api/v1/events?${new URLSearchParams(parameters)}`);
      check(answer, server);
    },
    { storage: await storageWithEvents(), nowMs: NOW_MS },
  );
}

const found = (...streams: [stream: object, ...values: unknown[][]][]) => ({
  status: 200,
  body: {
    status: 'success',
    data: { result: streams.map(([stream, ...values]) => ({ stream, values })) },
  },
});

const ns = (agoMs: number, nanos = 0) =>
  String(BigInt(NOW_MS - agoMs) * 1_000_000n + BigInt(nanos));

const FOUR = [ns(2000), 'four', { trace: 't1' }];

events('the newest of the last hour come first, by stream', () =>
  ask({ query: '{service=~".+"}' }, (answer) => {
    assert.equal(
      answer,
      found(
        [{ service: 'db' }, FOUR],
        [{ service: 'api' }, [ns(3000), 'two "2"'], [ns(3000), 'three'], [ns(4000, 1), 'one']],
      ),
    );
  }),
);

events('a text, a limit, a range and a direction decide what is found', async () => {
  await ask({ query: '{service="api"} |= "t" !~ "^th"' }, (answer) => {
    assert.equal(answer, found([{ service: 'api' }, [ns(3000), 'two "2"']]));
  });
  await ask({ query: '{service=~".+"}', limit: '2', direction: 'forward' }, (answer) => {
    assert.equal(answer, found([{ service: 'api' }, [ns(4000, 1), 'one'], [ns(3000), 'three']]));
  });
  await ask({ query: '{service="api"}', start: ns(4000, 1), end: ns(3000) }, (answer) => {
    assert.equal(answer, found([{ service: 'api' }, [ns(4000, 1), 'one']]));
  });
  await ask({ query: '{service="api"}', start: ns(4000, 2), end: ns(3000) }, (answer) => {
    assert.equal(answer, found());
  });
});

const REFUSED: readonly [what: string, parameters: Record<string, string>, message: RegExp][] = [
  ['no query', {}, /no expression/],
  ['a wrong text', { query: '{service="a"} |= b' }, /expected \|=/],
  ['a limit over the most', { query: '{service="a"}', limit: '5001' }, /at most 5000/],
  ['a wrong direction', { query: '{service="a"}', direction: 'up' }, /neither "forward" nor/],
  ['a wrong time', { query: '{service="a"}', start: 'then' }, /invalid parameter "start"/],
  [
    'an end before the start',
    { query: '{service="a"}', start: '9', end: '8' },
    /must not be before/,
  ],
];

for (const [what, parameters, message] of REFUSED) {
  events(`${what} is bad data`, () =>
    ask(parameters, ({ status, body }) => {
      assert.is(status, 400);
      const { errorType, error } = body as { errorType: string; error: string };
      assert.is(errorType, 'bad_data');
      assert.match(error, message);
    }),
  );
}

const COUNTS: readonly [query: string, value: string][] = [
  ['sum(count_over_time({service="api"}[1m]))', '3'],
  ['sum(increase({service="api"}[1m]))', '3'],
  ['sum(rate({service="api"}[1m]))', '0.05'],
  ['sum(rate({service=~".+"}[3h] offset 1h))', String(1 / 10_800)],
  ['sum by (service) (sum_over_time({service="db"}[1m]))', '1'],
  ['irate({service="api"}[1m])', '1000'],
  ['{service="api"}', '1'],
];

for (const [query, value] of COUNTS) {
  events(`${query} counts events`, async () =>
    withServer(
      async (server) => {
        const parameters = new URLSearchParams({ query, time: String(NOW_MS / 1000) });
        const { body } = await get(server, `/api/v1/query?${parameters}`);
        const { result } = (body as { data: { result: { value: [number, string] }[] } }).data;
        assert.equal(
          result.map((series) => series.value[1]),
          [value],
        );
      },
      { storage: await storageWithEvents(), nowMs: NOW_MS },
    ),
  );
}

events.run();
