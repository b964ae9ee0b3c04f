import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueryLog } from '../../deploy/query-log.ts';
import type { QueryCost } from '../../query/index.ts';

const queryLog = suite('deploy/query-log');

const COST: QueryCost = {
  query: 'up',
  range: { startMs: 0, endMs: 60_000, stepMs: 1000 },
  client: '127.0.0.1',
  outcome: 'success',
  durationMs: 120.4,
  waitedMs: 3.2,
  points: 61,
};

/** What is logged of a query that took `durationMs`, with `log_slower_than` as given. */
function logged(log_slower_than: number | null, durationMs: number): unknown[] {
  const lines: unknown[] = [];
  const log = createQueryLog(() => ({ query: { log_slower_than } }), {
    info: (fields: unknown) => lines.push(fields),
  });
  log({ ...COST, durationMs });
  return lines;
}

queryLog('tells what a slow query has cost', () => {
  assert.equal(logged(100, 120.4), [
    {
      ...{ query: 'up', start_ms: 0, end_ms: 60_000, step_ms: 1000, client: '127.0.0.1' },
      ...{ outcome: 'success', duration_ms: 120, waited_ms: 3, samples: 61 },
    },
  ]);
});

queryLog('is silent about quick ones, and about all by default', () => {
  assert.equal(logged(100, 99.9), []);
  assert.equal(logged(null, 1e6), []);
});

queryLog('takes every query with 0', () => {
  assert.is(logged(0, 0).length, 1);
});

queryLog.run();
