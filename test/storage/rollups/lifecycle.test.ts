// The life of a tier: made when windows have closed, kept beyond the points, gone by its own keep.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQueryEngine } from '../../../query/engine.ts';
import { DEFAULT_LIMITS } from '../../../query/index.ts';
import { openStorage, type Rollup, type Storage } from '../../../storage/index.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { appendPoints, EVERYTHING, labels } from '../../support/storage.ts';

const lifecycle = suite('storage/rollups/lifecycle');

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 6;
const ROLLUPS: readonly Rollup[] = [
  { everyMs: 5 * MINUTE_MS, keepMs: 30 * 24 * HOUR_MS },
  { everyMs: HOUR_MS, keepMs: 365 * 24 * HOUR_MS },
];
/** The window in which the simulated clock begins, and a start a few hours before. */
const NOW_MS = 1_700_000_000_000;
const START_MS = NOW_MS - (NOW_MS % HOUR_MS) - HOURS * HOUR_MS;

async function open(env = createSimEnv(), rollups = ROLLUPS): Promise<Storage> {
  const policy = { name: 'default', keepMs: HOUR_MS, windowMs: HOUR_MS, rollups };
  return openStorage('data', env, { policies: { policies: [policy], policyOf: () => 0 } });
}

/** A point every minute, which counts up; whole hours included. */
async function fill(storage: Storage, name = 'a', hours = HOURS): Promise<void> {
  const minutes = Array.from({ length: hours * 60 }, (_, i) => i);
  await appendPoints(
    storage,
    minutes.map((minute) => ({
      labels: labels('m', name),
      timestampMs: START_MS + minute * MINUTE_MS,
      value: minute,
    })),
  );
  await storage.flush();
}

/** By step from START_MS to the end of what `fill` writes. */
async function ask(storage: Storage, text: string, stepMs = HOUR_MS, offsetMs = 0) {
  const engine = createQueryEngine(storage, DEFAULT_LIMITS);
  const range = { startMs: START_MS + offsetMs, endMs: START_MS + (HOURS - 1) * HOUR_MS, stepMs };
  const { value, trace } = await engine.range(text, range, { explain: true });
  assert.is(value.kind, 'vector');
  const series = value.kind === 'vector' ? value.series : [];
  const answers = series.map(({ values, present }) =>
    Array.from(values, (v, i) => (present[i] === 1 ? v : undefined)),
  );
  return { answers, sources: trace!.selectors.flatMap((cost) => cost.sources ?? []) };
}

function dropPoints(storage: Storage, beforeMs: number) {
  const old = storage.windows().filter(({ endMs, rollupMs }) => {
    return rollupMs === undefined && endMs <= beforeMs;
  });
  return storage.dropWindows(old.map(({ key }) => key));
}

lifecycle('a window is summarised once it has settled, and no earlier', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await fill(storage);
  assert.is((await storage.rollUp()).windows, 0, 'its tables just came');
  env.time.advance(16 * MINUTE_MS);
  const { windows, due } = await storage.rollUp();
  assert.ok(windows > 0);
  assert.is(due, 0);
  assert.is((await storage.rollUp()).windows, 0, 'it is done once');
  await storage.close();
  const again = await open(env);
  assert.is((await again.rollUp({ all: true })).windows, 2 * (HOURS + 1) - windows);
  assert.is((await again.rollUp({ all: true })).windows, 0, 'the manifest knows after a restart');
  await again.close();
});

lifecycle('the widest steps that suit are read, and explained', async () => {
  const storage = await open();
  await fill(storage);
  const expected = (await ask(storage, 'max_over_time(m[1h])')).answers;
  await storage.rollUp({ all: true });
  const hourly = await ask(storage, 'max_over_time(m[1h])');
  assert.equal(hourly.answers, expected);
  assert.equal([...new Set(hourly.sources.map(({ rollupMs }) => rollupMs))], [HOUR_MS]);
  const fine = await ask(storage, 'max_over_time(m[10m])', 10 * MINUTE_MS);
  assert.equal([...new Set(fine.sources.map(({ rollupMs }) => rollupMs))], [5 * MINUTE_MS]);
  const unaligned = await ask(storage, 'max_over_time(m[1h])', HOUR_MS, 1);
  assert.equal(unaligned.sources, [], 'points are exact');
  await storage.close();
});

lifecycle('the tier answers after the points are gone, for recent times beside them', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await fill(storage);
  const queries = ['sum_over_time(m[1h])', 'rate(m[1h])', 'avg_over_time(m[2h])', 'm'];
  const expected = [];
  for (const text of queries) expected.push((await ask(storage, text)).answers);
  await storage.rollUp({ all: true });
  const dropped = await dropPoints(storage, START_MS + 3 * HOUR_MS);
  assert.is(dropped.length, 3);
  await storage.close();

  const again = await open(env);
  for (const [i, text] of queries.entries()) {
    assert.equal((await ask(again, text)).answers, expected[i], text);
  }
  const { sources } = await ask(again, 'changes(m[1h])');
  assert.equal(
    sources.map(({ rollupMs }) => rollupMs),
    [5 * MINUTE_MS, undefined],
    'what needs every point reads the finest steps where they are gone',
  );
  // Steps that suit nobody: what is old still has a value at every step of the graph.
  const held = await ask(again, 'm', 7 * MINUTE_MS, 13_000);
  assert.ok(held.answers[0]!.every((value) => value !== undefined));
  await again.close();
});

lifecycle('nothing is dropped before it is summarised, due or not', async () => {
  const storage = await open();
  await fill(storage);
  const expected = (await ask(storage, 'sum_over_time(m[1h])')).answers;
  await dropPoints(storage, Infinity);
  assert.equal((await ask(storage, 'sum_over_time(m[1h])')).answers, expected);
  assert.is((await storage.series([[]], EVERYTHING)).length, 1, 'and its series is not forgotten');
  await storage.close();
});

lifecycle('what memory has of older windows is summarised before a newer one goes', async () => {
  const storage = await open();
  await fill(storage);
  await dropPoints(storage, START_MS + HOUR_MS);
  // Inside of a step, where what comes after a drop is taken for one of the points of the step.
  await appendPoints(storage, [
    { labels: labels('m', 'a'), timestampMs: START_MS + 1.5 * HOUR_MS + 1, value: 1 },
  ]);
  const newer = storage.windows().find(({ startMs }) => startMs === START_MS + 3 * HOUR_MS);
  await storage.dropWindows([newer!.key]);
  const { answers } = await ask(storage, 'count_over_time(m[1h])');
  assert.equal(answers, [[1, 60, 61, 60, 60, 60]]);
  await storage.close();
});

lifecycle('points that come after their window was dropped leave its summaries alone', async () => {
  const storage = await open();
  await fill(storage);
  const expected = (await ask(storage, 'max_over_time(m[1h])')).answers;
  await dropPoints(storage, START_MS + 3 * HOUR_MS);
  await appendPoints(storage, [
    { labels: labels('m', 'a'), timestampMs: START_MS + MINUTE_MS + 1, value: 1 },
  ]);
  await storage.flush();
  await storage.rollUp({ all: true });
  assert.equal((await ask(storage, 'max_over_time(m[1h])')).answers, expected);
  await storage.close();
});

// The step that ends where windows were dropped has the first point of the window that is left. One
// that came there late was hidden by the step, which had been made without it, and lost in the end.
lifecycle('a point that comes late to the end of what was dropped is one more', async () => {
  const env = createSimEnv();
  let storage = await open(env);
  const endMs = START_MS + 3 * HOUR_MS;
  const send = (name: string, timestampMs: number, value: number) =>
    appendPoints(storage, [{ labels: labels('m', name), timestampMs, value }]);
  await fill(storage);
  await send('b', endMs - 3 * MINUTE_MS, 5);
  await send('c', START_MS + HOURS * HOUR_MS, 5);
  await storage.flush();
  await dropPoints(storage, endMs);
  const counts = [[1, 60, 60, 60, 60, 60]];
  const none = undefined;
  counts.push([none, none, none, 2, none, none] as number[]);
  counts.push([none, none, none, 1, none, none] as number[]);
  const check = async (when: string) => {
    const { answers } = await ask(storage, 'count_over_time(m[1h])');
    assert.equal(answers, counts, when);
    const [, lasts] = (await ask(storage, 'last_over_time(m[1h])')).answers;
    assert.is(lasts![3], 7, when);
    const [, falls] = (await ask(storage, 'increase(m[1h])')).answers;
    assert.ok(falls![3]! > 0, when);
  };
  await send('a', endMs, 180);
  await send('b', endMs, 7);
  await send('c', endMs, 9);
  await check('in memory');
  await storage.flush();
  await check('in a table');
  assert.is((await storage.rollUp({ all: true })).steps >= 4, true);
  await check('in the step');
  await send('b', endMs, 7);
  await check('sent twice');
  await storage.flush();
  await storage.rollUp({ all: true });
  assert.is((await storage.rollUp({ all: true })).windows, 0);
  await storage.close();
  storage = await open(env);
  await storage.compact();
  await check('after a restart');
  await dropPoints(storage, endMs + HOUR_MS);
  await check('when its window has gone too');
  await storage.close();
});

lifecycle('points sent again after their window was dropped count once', async () => {
  const storage = await open();
  await fill(storage);
  const expected = (await ask(storage, 'count_over_time(m[1h])')).answers;
  await dropPoints(storage, START_MS + 3 * HOUR_MS);
  await fill(storage);
  await fill(storage, 'late', 2);
  const check = async () => {
    const { answers } = await ask(storage, 'count_over_time(m[1h])');
    assert.equal(answers[0], expected[0]);
    assert.equal(answers[1], [1, 60, 59, undefined, undefined, undefined]);
  };
  await check();
  await storage.rollUp({ all: true });
  await check();
  await storage.close();
});

lifecycle('a tier that missed a drop hides nothing of what is left', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await fill(storage, 'a', 1);
  await storage.rollUp({ all: true });
  await storage.close();
  const without = await open(env, []);
  await fill(without);
  await dropPoints(without, START_MS + 3 * HOUR_MS);
  const { answers } = await ask(without, 'count_over_time(m[1h])');
  assert.equal(answers[0], [1, 59, undefined, 1, 60, 60]);
  await without.close();
});

lifecycle('a delete reaches summaries, whole steps of them where points are gone', async () => {
  const storage = await open();
  await fill(storage);
  await fill(storage, 'b');
  await storage.rollUp({ all: true });
  await dropPoints(storage, START_MS + 2 * HOUR_MS);
  const matchers = [{ name: 'series', type: '=', value: 'a' } as const];
  const startMs = START_MS + 1.5 * HOUR_MS;
  await storage.deletePoints([matchers], { startMs, endMs: startMs + 2 * HOUR_MS });
  const check = async () => {
    const { answers } = await ask(storage, 'count_over_time(m[1h])');
    // The step that it meets a part of goes in whole where there are no points to make it of again.
    assert.equal(answers[0], [1, 60, undefined, undefined, 31, 60]);
    assert.equal(answers[1], [1, 60, 60, 60, 60, 60]);
  };
  await check();
  await storage.cleanTombstones();
  await check();
  assert.is(storage.stats().tombstones, 0);
  await storage.close();
});

lifecycle('a policy that loses its tiers keeps what they have, and makes no more', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await fill(storage);
  await storage.rollUp({ all: true });
  await storage.close();
  const without = await open(env, []);
  const tiers = without.windows().filter(({ rollupMs }) => rollupMs !== undefined);
  assert.equal([...new Set(tiers.map(({ rollupMs }) => rollupMs))], [5 * MINUTE_MS, HOUR_MS]);
  await fill(without, 'b');
  assert.is((await without.rollUp({ all: true })).windows, 0);
  await without.dropWindows(tiers.map(({ key }) => key));
  assert.ok(without.windows().every(({ rollupMs }) => rollupMs === undefined));
  await without.close();
});

lifecycle.run();
