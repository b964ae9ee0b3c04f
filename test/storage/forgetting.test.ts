// Series that nothing has a point of any more, and what may come in between.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodeLabels,
  openStorage,
  type Storage,
  type StorageOptions,
} from '../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { appendEvents } from '../support/events.ts';
import { appendPoints, contentsOf, labels, type TestPoint } from '../support/storage.ts';

const forgetting = suite('storage/forgetting');

const HOUR_MS = 3_600_000;
const GRACE_MS = 60_000;
const OPTIONS: StorageOptions = {
  policies: {
    policies: [{ name: 'p', keepMs: HOUR_MS, windowMs: HOUR_MS }],
    policyOf: () => 0,
  },
};

function pointsOf(series: readonly number[], hour: number, value = 1): TestPoint[] {
  return series.map((i) => ({ labels: labels('m', `s${i}`), timestampMs: hour * HOUR_MS, value }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Drops the window that begins at `hour`. */
function dropHour(storage: Storage, hour: number): Promise<unknown> {
  const expired = storage.windows().filter(({ startMs }) => startMs === hour * HOUR_MS);
  return storage.dropWindows(expired.map(({ key }) => key));
}

/** Lets so much time pass that whatever can be forgotten is. */
async function wait(env: SimEnv, ms = 4 * GRACE_MS): Promise<void> {
  for (let passedMs = 0; passedMs <= ms; passedMs += GRACE_MS) {
    env.time.advance(GRACE_MS);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

async function seriesIn(storage: Storage): Promise<string[]> {
  const found = await storage.series([[]]);
  return found.map((ofSeries) => ofSeries[1]!.value).sort();
}

forgetting('a series whose last window was dropped is forgotten, and others are not', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  await appendPoints(storage, [...pointsOf([1, 2, 3], 0), ...pointsOf([2], 1)]);
  await storage.flush();
  await appendPoints(storage, pointsOf([3], 2));
  await dropHour(storage, 0);
  assert.is(storage.seriesCount, 3, 'not at once: its next point may be on the way');
  await wait(env);
  assert.equal(await seriesIn(storage), ['s2', 's3']);
  assert.equal(await storage.labelValues('series'), ['s2', 's3']);
  assert.is(storage.seriesCount, 2);
  assert.is(storage.stats().seriesForgotten, 1);
  await storage.close();

  const again = await openStorage('data', env, OPTIONS);
  assert.is(again.seriesCount, 2);
  assert.equal(await seriesIn(again), ['s2', 's3']);
  await again.close();
});

forgetting(
  'a forgotten series that is written again has a new id, and only new points',
  async () => {
    const env = createSimEnv();
    const storage = await openStorage('data', env, OPTIONS);
    await appendPoints(storage, pointsOf([1], 0));
    const [before] = await storage.resolve([labels('m', 's1')]);
    await storage.flush();
    await dropHour(storage, 0);
    await wait(env);
    assert.not(storage.renew(before!));
    const bytes = encodeLabels(labels('m', 's1'));
    assert.is(storage.findInUse(bytes, bytes.length), 0);
    await appendPoints(storage, pointsOf([1], 1, 7));
    const [after] = await storage.resolve([labels('m', 's1')]);
    assert.ok(after! > before!);
    for (const look of [storage, undefined]) {
      if (look === undefined) await storage.close();
      const opened = look ?? (await openStorage('data', env, OPTIONS));
      const contents = await contentsOf(opened);
      assert.equal(
        [...contents.values()].map((points) => points.map(([t]) => t)),
        [[HOUR_MS]],
      );
      assert.equal(await opened.resolve([labels('m', 's1')]), Uint32Array.of(after!));
      assert.equal(await seriesIn(opened), ['s1']);
      if (look === undefined) await opened.close();
    }
  },
);

forgetting(
  'points under an id that was given up are refused, and stored when sent again',
  async () => {
    const env = createSimEnv();
    const storage = await openStorage('data', env, OPTIONS);
    await appendPoints(storage, pointsOf([1], 0));
    const ids = await storage.resolve([labels('m', 's1')]);
    await storage.flush();
    await dropHour(storage, 0);
    await wait(env);
    const batch = { ids, timestampsMs: Float64Array.of(5), values: Float64Array.of(5) };
    const refusal = await storage.append(batch).catch((error: unknown) => error);
    assert.match(String(refusal), /forgotten meanwhile: send them again/);
    await appendPoints(storage, [{ labels: labels('m', 's1'), timestampMs: 5, value: 5 }]);
    assert.is([...(await contentsOf(storage)).values()].flat().length, 1);
    await storage.close();
  },
);

forgetting('a stream with events in memory or in a table is in use', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  const eventOf = (i: number, hour: number) => {
    return { labels: labels('m', `s${i}`), timestampMs: hour * HOUR_MS, body: 'event' };
  };
  await appendEvents(storage, [eventOf(1, 0), eventOf(2, 0), eventOf(3, 0), eventOf(2, 1)]);
  await storage.flush();
  await appendEvents(storage, [eventOf(3, 2)]);
  await dropHour(storage, 0);
  await wait(env);
  assert.equal(await seriesIn(storage), ['s2', 's3']);
  assert.is(storage.stats().seriesForgotten, 1);
  await storage.close();
});

forgetting('an id that was resolved or renewed a moment ago is good for a while', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  await appendPoints(storage, pointsOf([1, 2, 3], 0));
  await storage.flush();
  await wait(env);
  const [renewed] = await storage.resolve([labels('m', 's1')]);
  await wait(env);
  assert.ok(storage.renew(renewed!));
  const resolved = await storage.resolve([labels('m', 's2')]);
  const bytes = encodeLabels(labels('m', 's3'));
  const found = storage.findInUse(bytes, bytes.length);
  await dropHour(storage, 0);
  for (let turns = 0; turns < 50; turns++) await turn();
  assert.is(storage.seriesCount, 3);
  const ids = Uint32Array.of(renewed!, resolved[0]!, found);
  await storage.append({ ids, timestampsMs: new Float64Array(3), values: new Float64Array(3) });
  await wait(env);
  assert.is(storage.seriesCount, 3);
  await storage.close();
});

forgetting('a series that somebody holds is kept until it is let go', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  await appendPoints(storage, pointsOf([1, 2], 0));
  const ids = await storage.resolve([labels('m', 's2')]);
  const letGo = storage.holdSeries(() => ids);
  await storage.flush();
  await dropHour(storage, 0);
  await wait(env);
  assert.equal(await seriesIn(storage), ['s2']);
  letGo();
  await wait(env, HOUR_MS);
  assert.equal(await seriesIn(storage), []);
  await storage.close();
});

forgetting('a scan under way keeps the labels of what it reads', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  await appendPoints(storage, pointsOf(range(0, 1500), 0));
  await storage.flush();
  const scan = storage
    .scan({ selectors: [[]], startMs: 0, endMs: HOUR_MS })
    [Symbol.asyncIterator]();
  let seen = (await scan.next()).value!.length;
  await dropHour(storage, 0);
  await wait(env);
  assert.is(storage.seriesCount, 1500);
  for (let next = await scan.next(); !next.done; next = await scan.next())
    seen += next.value.length;
  assert.is(seen, 1500);
  await wait(env, HOUR_MS);
  assert.is(storage.seriesCount, 0);
  await storage.close();
});

forgetting('what a crash left is forgotten after the next start', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, OPTIONS);
  await appendPoints(storage, pointsOf([1, 2], 0));
  await storage.flush();
  await dropHour(storage, 0);
  await wait(env);
  // The tombstones are in memory alone; the series that comes again is in the log.
  await appendPoints(storage, pointsOf([1], 1, 9));
  const [id] = await storage.resolve([labels('m', 's1')]);
  const found = createSimEnv(env.fs.killClone());
  const again = await openStorage('data', found, OPTIONS);
  assert.equal(await again.resolve([labels('m', 's1')]), Uint32Array.of(id!));
  await wait(found, HOUR_MS);
  assert.equal(await seriesIn(again), ['s1']);
  assert.is(again.seriesCount, 1);
  assert.equal([...(await contentsOf(again)).values()].flat().length, 1);
  await again.flush();
  await again.close();
  const last = await openStorage('data', found, OPTIONS);
  assert.equal(await last.resolve([labels('m', 's1')]), Uint32Array.of(id!));
  await last.close();
  await storage.close();
});

forgetting('compaction leaves nothing of forgotten series in the index', async () => {
  const env = createSimEnv();
  const index = { levelZeroTables: 2, levelOneBytes: 2000, levelRatio: 2, tableBytes: 1000 };
  const storage = await openStorage('data', env, { ...OPTIONS, index });
  for (const hour of range(0, 6)) {
    await appendPoints(storage, pointsOf(range(hour * 100, hour * 100 + 100), hour));
    await storage.flush();
  }
  await storage.compact();
  const bytesOf = () => storage.stats().index.levels.reduce((sum, { bytes }) => sum + bytes, 0);
  const full = bytesOf();
  for (const hour of range(0, 6)) await dropHour(storage, hour);
  await wait(env);
  await storage.flush();
  await storage.compact();
  assert.is(storage.seriesCount, 0);
  assert.ok(full > 10_000);
  assert.is(bytesOf(), 0);
  await storage.close();
});

forgetting('a mass of series is forgotten within the memory of its memtables', async () => {
  const env = createSimEnv();
  const bytesMax = 50_000;
  const storage = await openStorage('data', env, { ...OPTIONS, memtable: { bytesMax } });
  for (const from of range(0, 5)) {
    await appendPoints(storage, pointsOf(range(from * 500, from * 500 + 500), 0));
  }
  await storage.flush();
  await dropHour(storage, 0);
  await wait(env, HOUR_MS);
  assert.is(storage.seriesCount, 0);
  assert.ok(storage.stats().flushes > 5, 'tombstones are flushed as they fill memory');
  await storage.close();
});

forgetting('the memory of series follows those in use, however many there were', async () => {
  const env = createSimEnv();
  const series = { cacheBytes: 50_000 };
  const storage = await openStorage('data', env, { ...OPTIONS, series });
  const used = pointsOf(range(0, 100), 0);
  for (const from of range(1, 20)) {
    await appendPoints(storage, [...used, ...pointsOf(range(from * 500, from * 500 + 500), 0)]);
    await storage.flush();
  }
  assert.is(storage.seriesCount, 9600);
  assert.ok(storage.stats().seriesCacheBytes < 500_000, `${storage.stats().seriesCacheBytes} B`);
  const [idle] = await storage.resolve([labels('m', 's501')]);
  assert.is(idle, 102, 'a series that was let go is found in the index');
  await storage.close();
});

forgetting.run();
