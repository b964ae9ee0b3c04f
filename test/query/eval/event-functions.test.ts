import * as assert from 'uvu/assert';
import { createQueryEngine, DEFAULT_LIMITS } from '../../../query/index.ts';
import { appendEvents } from '../../support/events.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';
import { suite } from '../../support/suite.ts';

const eventFunctions = suite('query/eval/event-functions');

const API = [{ name: 'service', value: 'api' }];
const DB = [{ name: 'service', value: 'db' }];
const AT_MS = 60_000;

/** At 60 s the last minute, whose start is left out, has three of `api`, two of them at 10 s. */
const TIMES_MS = [0, 10_000, 10_000, 40_000, 90_000];

/** By expression, the values in the order of the services; none where there is no series. */
const CASES: Readonly<Record<string, readonly number[]>> = {
  'count_over_time({service="api"}[1m])': [3],
  'sum_over_time({service="api"}[1m])': [3],
  'increase({service="api"}[1m])': [3],
  'rate({service="api"}[1m])': [0.05],
  'irate({service="api"}[1m])': [1 / 30],
  'irate({service="api"}[30s])': [],
  'rate({service="api"}[10s])': [],
  'max_over_time({service="api"}[1m])': [1],
  'last_over_time({service="api"}[1m])': [1],
  'present_over_time({service="api"}[1m])': [1],
  'changes({service="api"}[1m])': [0],
  'resets({service="api"}[1m])': [0],
  'count_over_time({service="api"}[1m] offset 50s)': [3],
  '{service="api"}': [1],
  'timestamp({service="api"})': [40],
  'sort_by_label(count_over_time({service=~".+"}[1m]), "service")': [3, 1],
  'sum(rate({service=~".+"}[1m]))': [4 / 60],
  'sum by (service) (count_over_time({service="db"}[1h]))': [1],
  'absent({service="api"})': [],
  'absent({service="none"})': [1],
  'absent_over_time({service="api"}[10s])': [1],
  'absent_over_time({service="api"}[1m])': [],
};

const storage = createNaiveStorage();
eventFunctions.before(async () => {
  await appendEvents(storage, [
    ...TIMES_MS.map((timestampMs, i) => ({ labels: API, timestampMs, body: `event ${i}` })),
    { labels: DB, timestampMs: 59_999, body: 'one' },
  ]);
});

for (const [text, expected] of Object.entries(CASES)) {
  eventFunctions(`${text} is ${expected.join(', ') || 'nothing'}`, async () => {
    const { value } = await createQueryEngine(storage, DEFAULT_LIMITS).instant(text, AT_MS);
    assert.ok(value.kind === 'vector');
    const found = value.kind === 'vector' ? value.series.map(({ values }) => values[0]!) : [];
    assert.is(found.length, expected.length);
    for (const [i, want] of expected.entries()) {
      assert.ok(Math.abs(found[i]! - want) < 1e-12, `${found[i]} instead of ${want}`);
    }
  });
}

eventFunctions.run();
