import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueryEngine, DEFAULT_LIMITS, QueryError } from '../../query/index.ts';
import { CorruptionError, type SeriesPoints, type Storage } from '../../storage/index.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { storageWith } from '../support/query-server.ts';

const engine = suite('query/engine');

/** One series per batch, as many as are asked for; `onBatch` is told before each. */
function longStorage(batches: number, onBatch: (batch: number) => void): Storage {
  const timestampsMs = Float64Array.from({ length: 1000 }, (_, i) => i * 1000);
  return {
    ...createNaiveStorage(),
    async *scan() {
      for (let id = 1; id <= batches; id++) {
        onBatch(id);
        const labels = [{ name: 'i', value: String(id) }];
        const series: SeriesPoints = { id, labels, timestampsMs, values: timestampsMs };
        yield [series];
      }
    },
  };
}

const RANGE = { startMs: 0, endMs: 999_000, stepMs: 1000 };

async function failure(task: Promise<unknown>): Promise<QueryError> {
  const error = await task.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof QueryError) return error;
  throw new Error(`it did not fail as a query does: ${error}`);
}

engine('stops reading at once when the caller has gone', async () => {
  const caller = new AbortController();
  let read = 0;
  const storage = longStorage(1000, (batch) => {
    read = batch;
    if (batch === 3) caller.abort();
  });
  const queries = createQueryEngine(storage, DEFAULT_LIMITS);
  const running = queries.range('sum(rate({i!=""}[1m]))', RANGE, { signal: caller.signal });
  assert.is((await failure(running)).kind, 'canceled');
  assert.is(read, 3);
  assert.is(queries.gate.active, 0);
});

engine('answers without what is damaged on disk, and says so once', async () => {
  const inner = await storageWith(1000, 'up{job="a"} 1 2 3');
  const damage = new CorruptionError('windows/1/0_1/000007.sst', 16, 'expected a block');
  const storage: Storage = {
    ...inner,
    scan(request) {
      for (let block = 0; block < 2; block++) request.onCorruption?.(damage);
      return inner.scan(request);
    },
  };
  const result = await createQueryEngine(storage, DEFAULT_LIMITS).instant('up + up', 2000);
  assert.equal(result.warnings, [`damaged data was left out: ${damage.message}`]);
});

engine('refuses a query of a caller who has gone already', async () => {
  const queries = createQueryEngine(createNaiveStorage(), DEFAULT_LIMITS);
  const error = await failure(queries.instant('1', 0, { signal: AbortSignal.abort() }));
  assert.is(error.kind, 'canceled');
});

engine('lets others run while it computes', async () => {
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  const storage = longStorage(300, () => {});
  await createQueryEngine(storage, DEFAULT_LIMITS).range('avg_over_time({i!=""}[10m])', RANGE);
  done = true;
  assert.ok(turns > 3, `${turns} turns of the event loop`);
});

engine('stops at the limit while it still reads', async () => {
  let read = 0;
  const storage = longStorage(1000, (batch) => {
    read = batch;
  });
  const queries = createQueryEngine(storage, { ...DEFAULT_LIMITS, samplesMax: 5500 });
  const error = await failure(queries.range('sum({i!=""})', RANGE));
  assert.match(error.message, /limit 5500, config key query\.max_samples/);
  assert.is(read, 6);
});

engine('looks at a fixed time from every step without reading more', async () => {
  const storage = await storageWith(1000, 'x_total 0+1x999');
  const queries = createQueryEngine(storage, DEFAULT_LIMITS);
  const { points } = await queries.range('rate(x_total[10s] @ end())', RANGE);
  assert.is(points, 10);
});

engine('refuses steps that no range has', async () => {
  const queries = createQueryEngine(createNaiveStorage(), DEFAULT_LIMITS);
  const backwards = await failure(queries.range('1', { ...RANGE, endMs: -1 }));
  assert.is(backwards.message, 'end timestamp must not be before start time');
  const many = await failure(queries.range('1', { ...RANGE, endMs: 11_001_000 }));
  assert.match(many.message, /^exceeded maximum resolution of 11,000 points per timeseries/);
  const most = await queries.range('1', { ...RANGE, endMs: 11_000_000 });
  assert.is(most.grid.steps, 11_001);
});

engine.run();
