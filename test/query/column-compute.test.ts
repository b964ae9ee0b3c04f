// The same queries with and without threads: the same answers, and no thread goes on with a query
// that is over.

import * as assert from 'uvu/assert';
import {
  createQueryEngine,
  createQueryThreads,
  DEFAULT_LIMITS,
  QueryError,
  type QueryLimits,
  type QueryResult,
  type QueryThreads,
} from '../../query/index.ts';
import type { Storage } from '../../storage/index.ts';
import { transferables } from '../../storage/workers/jobs.ts';
import { createRng } from '../sim/rng.ts';
import { createNaiveStorage } from '../support/naive-storage.ts';
import { suite } from '../support/suite.ts';

const compute = suite('query/column-compute');

const SERIES = 60;
const POINTS = 3000;
const STEP_MS = 10_000;
const RANGE = { startMs: 0, endMs: POINTS * STEP_MS, stepMs: 2 * STEP_MS };

let storage: Storage;
let threads: QueryThreads;

compute.before(async () => {
  threads = createQueryThreads(2);
  storage = createNaiveStorage();
  const rng = createRng(7);
  const sets = Array.from({ length: SERIES }, (_, i) => [
    { name: '__name__', value: 'x_total' },
    { name: 'host', value: String(i) },
    { name: 'zone', value: String(i % 3) },
  ]);
  for (const id of await storage.resolve(sets)) {
    let value = 0;
    await storage.append({
      ids: new Uint32Array(POINTS).fill(id),
      timestampsMs: Float64Array.from({ length: POINTS }, (_, i) => i * STEP_MS),
      values: Float64Array.from({ length: POINTS }, () => {
        value = rng.chance(0.01) ? 0 : value + rng.below(50) / 10;
        return value;
      }),
    });
  }
});

compute.after(() => threads.close());

/** Storage's slices put together, so that there is enough in one to be handed over. */
function inOneBatch(inner: Storage): Storage {
  return {
    ...inner,
    async *scan(request) {
      const all = [];
      for await (const batch of inner.scan(request)) all.push(...batch);
      yield all;
    },
  };
}

/** The names of the jobs that were run. */
function watched(inner: QueryThreads): QueryThreads & { readonly jobs: string[] } {
  const jobs: string[] = [];
  return {
    ...inner,
    jobs,
    run(name, input, transfer) {
      jobs.push(name);
      return inner.run(name, input, transfer);
    },
  };
}

function engineOf(on: QueryThreads | undefined, limits: Partial<QueryLimits> = {}) {
  return createQueryEngine(inOneBatch(storage), { ...DEFAULT_LIMITS, ...limits }, { threads: on });
}

const HEAVY = [
  'rate(x_total[5m])',
  'sum by (zone) (rate(x_total[5m]))',
  'avg by (zone) (increase(x_total[5m] offset 1m))',
  'quantile_over_time(0.9, x_total[10m])',
  'topk(3, avg_over_time(x_total[20m]))',
  'max_over_time(rate(x_total[5m])[20m:30s])',
  'predict_linear(x_total[10m], 600)',
  'double_exponential_smoothing(x_total[10m], 0.3, 0.7)',
  'rate(x_total[5m] anchored)',
  'timestamp(x_total) - x_total',
  'stddev_over_time(x_total[10m] @ 5000)',
];

for (const query of HEAVY) {
  compute(`answers ${query} the same on other threads`, async () => {
    const spy = watched(threads);
    const there = await engineOf(spy).range(query, RANGE);
    const here = await engineOf(undefined).range(query, RANGE);
    assert.ok(spy.jobs.length > 0, 'nothing was handed over');
    assert.equal(plain(there), plain(here));
    assert.is(there.points, here.points);
  });
}

compute('hands back what the groups take, however many series there are', async () => {
  const bytesOf = async (query: string) => {
    let bytes = 0;
    const spy: QueryThreads = {
      ...threads,
      async run<Input, Output>(name: string, input: Input, transfer?: readonly ArrayBuffer[]) {
        const output = await threads.run<Input, Output>(name, input, transfer);
        for (const buffer of transferables(output)) bytes += buffer.byteLength;
        return output;
      },
    };
    await engineOf(spy).range(query, RANGE);
    return bytes;
  };
  const steps = RANGE.endMs / RANGE.stepMs + 1;
  const positions = SERIES * Uint32Array.BYTES_PER_ELEMENT;
  const [one, three] = [17 * steps, 3 * 17 * steps];
  assert.is(await bytesOf('sum(rate(x_total[5m]))'), one + positions);
  assert.is(await bytesOf('sum by (zone) (rate(x_total[5m]))'), three + positions);
  assert.is(await bytesOf('rate(x_total[5m])'), SERIES * 9 * steps + positions);
});

compute('keeps what is light on the thread that asks', async () => {
  const spy = watched(threads);
  await engineOf(spy).instant('sum(rate(x_total{host="1"}[5m]))', 1_000_000);
  assert.equal(spy.jobs, []);
});

/** Minutes of work on one thread, in one job. */
const ENDLESS = 'mad_over_time(x_total[6h])';

async function failure(task: Promise<unknown>): Promise<QueryError> {
  const error = await task.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof QueryError) return error;
  throw new Error(`it did not fail as a query does: ${error}`);
}

/** Resolves once both threads do something else: neither is busy with a query that is over. */
async function threadsAreFree(): Promise<void> {
  const queries = [1, 2].map(() => engineOf(threads).range('rate(x_total[5m])', RANGE));
  await Promise.all(queries);
}

compute('leaves a thread at once when the caller has gone', async () => {
  const caller = new AbortController();
  const spy = watched(threads);
  const running = engineOf(spy).range(ENDLESS, RANGE, { signal: caller.signal });
  while (spy.jobs.length === 0) await new Promise(setImmediate);
  caller.abort();
  assert.is((await failure(running)).kind, 'canceled');
  await threadsAreFree();
});

compute('leaves a thread when the time is over', async () => {
  const running = engineOf(threads).range(ENDLESS, RANGE, { timeoutMs: 50 });
  assert.is((await failure(running)).kind, 'timeout');
  await threadsAreFree();
});

compute('leaves a thread when an administrator ends the query', async () => {
  const spy = watched(threads);
  const engine = engineOf(spy);
  const running = engine.range(ENDLESS, RANGE);
  while (spy.jobs.length === 0) await new Promise(setImmediate);
  const [active] = engine.active.list();
  assert.ok(engine.active.kill(active!.id));
  assert.match((await failure(running)).message, /killed by an administrator/);
  await threadsAreFree();
});

compute('counts what other threads have read', async () => {
  const limited = engineOf(threads, { samplesMax: 1000 });
  const error = await failure(limited.range('sum(rate(x_total[5m]))', RANGE));
  assert.match(error.message, /limit 1000, config key query\.max_samples/);
});

compute('refuses columns that would take too many bytes', async () => {
  const limited = engineOf(threads, { bytesMax: 3_000_000 });
  const error = await failure(limited.range('rate(x_total[5m])', RANGE));
  assert.match(error.message, /limit 3000000, config key query\.max_bytes/);
});

/** Absent points have meaningless values. */
function plain({ value }: QueryResult) {
  if (value.kind !== 'vector') throw new Error('a vector was expected');
  return value.series.map(({ labels, values, present }) => ({
    labels,
    values: Array.from(values, (one, i) => (present[i] === 1 ? one : undefined)),
  }));
}

compute.run();
