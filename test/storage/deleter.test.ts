// Deletes through the whole engine, on a simulated disk: what is hidden and what is not, and that
// nothing brings it back.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Matcher,
  openStorage,
  type Storage,
  type StorageError,
  type StorageOptions,
  type TimeRange,
} from '../../storage/index.ts';
import { TOMBSTONES_MAX } from '../../storage/limits.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { flipBit } from '../support/damage.ts';
import {
  appendPoints,
  contentsOf,
  EVERYTHING,
  labels,
  type TestPoint,
} from '../support/storage.ts';

const deleter = suite('storage/deleter');

const HOUR_MS = 3_600_000;
const OPTIONS: StorageOptions = {
  policies: {
    policies: [{ name: 'p', keepMs: Number.POSITIVE_INFINITY, windowMs: HOUR_MS }],
    policyOf: () => 0,
  },
  // Nothing is merged unless it is asked for.
  compaction: { fanIn: 50, slowdownTables: 60, stopTables: 70, graceMs: 1e15 },
};

function open(env: SimEnv): Promise<Storage> {
  return openStorage('data', env, OPTIONS);
}

/** At one byte a second nothing is ever written again: tombstones stay. */
function openSlow(): Promise<Storage> {
  const compaction = { ...OPTIONS.compaction, rate: 1 };
  return openStorage('data', createSimEnv(), { ...OPTIONS, compaction });
}

function series(...names: string[]): Matcher[][] {
  return names.map((value) => [{ name: 'series', type: '=', value }]);
}

/** `value` at each of `timesMs` of each of the series. */
function points(names: readonly string[], timesMs: readonly number[], value = 1): TestPoint[] {
  return names.flatMap((name) =>
    timesMs.map((timestampMs) => ({ labels: labels('m', name), timestampMs, value })),
  );
}

/** By series, `time=value` of each point. */
async function shown(storage: Storage, range: TimeRange = EVERYTHING): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of storage.scan({ selectors: [[]], ...range })) {
    for (const { labels: ofSeries, timestampsMs, values } of batch) {
      const texts = Array.from(timestampsMs, (t, i) => `${t}=${values[i]}`);
      lines.push(`${ofSeries[1]!.value}: ${texts.join(' ')}`);
    }
  }
  return lines.sort();
}

async function names(storage: Storage, range?: TimeRange): Promise<readonly string[]> {
  return storage.labelValues('series', undefined, range);
}

/** Where the points are when they are deleted. */
const PLACES: Readonly<Record<string, (storage: Storage) => Promise<void>>> = {
  memory: async () => undefined,
  tables: (storage) => storage.flush(),
};

for (const [place, settle] of Object.entries(PLACES)) {
  deleter(`hides points in ${place}, for good`, async () => {
    const env = createSimEnv();
    let storage = await open(env);
    await appendPoints(storage, points(['a', 'b', 'c'], [0, 10, 20, HOUR_MS]));
    await settle(storage);
    await storage.deletePoints(series('a', 'c'), { startMs: 10, endMs: 21 });
    await storage.deletePoints(series('c'), { startMs: 0, endMs: HOUR_MS + 1 });
    const left = ['a: 0=1 3600000=1', 'b: 0=1 10=1 20=1 3600000=1'];
    assert.equal(await shown(storage), left);
    storage = await open(createSimEnv(env.fs.killClone()));
    assert.equal(await shown(storage), left, 'after a kill');
  });

  deleter(`what is written after a delete of points in ${place} is there`, async () => {
    const env = createSimEnv();
    let storage = await open(env);
    await appendPoints(storage, points(['a'], [0, 10, 20], 1));
    await settle(storage);
    await storage.deletePoints(series('a'), EVERYTHING);
    await appendPoints(storage, points(['a'], [10], 2));
    assert.equal(await shown(storage), ['a: 10=2']);
    await storage.flush();
    assert.equal(await shown(storage), ['a: 10=2'], 'after a flush');
    await storage.cleanTombstones();
    assert.equal(await shown(storage), ['a: 10=2'], 'after the cleaning');
    storage = await open(createSimEnv(env.fs.killClone()));
    assert.equal(await shown(storage), ['a: 10=2'], 'after a kill');
  });
}

deleter('a merge across a delete hides what is older, and keeps what is newer', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await appendPoints(storage, points(['a', 'b'], [0, 10, 20], 1));
  await storage.flush();
  await storage.deletePoints(series('a'), { startMs: 0, endMs: 15 });
  await appendPoints(storage, points(['a'], [10], 2));
  await storage.flush();
  await storage.compact();
  assert.is(storage.stats().tables, 1);
  assert.is(storage.stats().tombstones, 0, 'it has nothing left to hide');
  assert.is(storage.stats().tablePoints, 5);
  assert.equal(await shown(storage), ['a: 10=2 20=1', 'b: 0=1 10=1 20=1']);
});

deleter('an older value does not show where the newest was deleted', async () => {
  const storage = await open(createSimEnv());
  for (const value of [1, 2, 3]) {
    await appendPoints(storage, points(['a'], [0, 10], value));
    await storage.flush();
  }
  await storage.deletePoints(series('a'), { startMs: 10, endMs: 11 });
  assert.equal(await shown(storage), ['a: 0=3']);
  await storage.cleanTombstones();
  assert.equal(await shown(storage), ['a: 0=3']);
  await storage.compact();
  assert.equal(await shown(storage), ['a: 0=3']);
});

deleter('cleaning rewrites what is touched, drops what is covered, leaves the rest', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await appendPoints(storage, points(['a', 'b'], [0, 10]));
  await appendPoints(storage, points(['a'], [HOUR_MS, HOUR_MS + 1]));
  await appendPoints(storage, points(['b'], [2 * HOUR_MS]));
  await storage.flush();
  const bytes = storage.stats().tableBytes;
  await storage.deletePoints(series('a'), EVERYTHING);
  await storage.cleanTombstones();
  const { tombstones, tables, tablePoints, compactions, tableBytes } = storage.stats();
  assert.equal(
    { tombstones, tables, tablePoints, compactions },
    { tombstones: 0, tables: 2, tablePoints: 3, compactions: 1 },
  );
  assert.ok(tableBytes < bytes);
  assert.equal(await shown(storage), ['b: 0=1 10=1 7200000=1']);
  await storage.close();
  assert.is((await env.fs.list('data/windows/1')).length, 2, 'the directory went as well');
});

deleter('what a damaged table has left stays hidden, and stops no cleaning', async () => {
  const env = createSimEnv();
  const damages: Error[] = [];
  const listener = { corruption: (error: Error) => void damages.push(error) };
  const storage = await openStorage('data', env, { ...OPTIONS, listener });
  await appendPoints(storage, points(['a', 'b'], [0, 10]));
  await appendPoints(storage, points(['a', 'b'], [HOUR_MS]));
  await storage.flush();
  const dir = `data/windows/1/0_${HOUR_MS}`;
  const [name] = await env.fs.list(dir);
  // In the first block, behind the magic.
  env.fs.plant(`${dir}/${name}`, flipBit(env.fs.bytesOf(`${dir}/${name}`), 20, 3));
  await storage.deletePoints(series('a'), EVERYTHING);
  await storage.cleanTombstones();
  assert.ok(damages.length > 0);
  const { tombstones, tablePoints } = storage.stats();
  assert.equal({ tombstones, tablePoints }, { tombstones: 1, tablePoints: 5 });
});

deleter('a window whose points are all deleted goes without being asked for', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await appendPoints(storage, points(['a', 'b'], [0, 10]));
  await appendPoints(storage, points(['a'], [HOUR_MS]));
  await storage.flush();
  await storage.deletePoints([[]], { startMs: 0, endMs: HOUR_MS });
  await storage.compact();
  const { windows, tombstones, compactions } = storage.stats();
  assert.equal({ windows, tombstones, compactions }, { windows: 1, tombstones: 0, compactions: 0 });
});

deleter('several deletes that hide all of a table together leave no table', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await appendPoints(storage, points(['a', 'b'], [0, 10]));
  await storage.flush();
  await storage.deletePoints([[]], { startMs: 0, endMs: 5 });
  await storage.deletePoints([[]], { startMs: 5, endMs: 15 });
  await storage.cleanTombstones();
  assert.equal(storage.windows(), []);
  assert.is(storage.stats().tombstones, 0);
  await storage.close();
  assert.equal(await env.fs.list('data/windows/1'), []);
});

deleter('a delete that matches nothing writes nothing', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await appendPoints(storage, points(['a', 'b'], [0, 10]));
  await storage.flush();
  await appendPoints(storage, points(['b'], [20]));
  const operations: string[] = [];
  env.fs.onOperation = (_, kind, path) => {
    // A lookup in the tag index is what it may cost.
    if (kind !== 'read' || !path.startsWith('data/tag-index/')) operations.push(`${kind} ${path}`);
  };
  await storage.deletePoints(series('c'), EVERYTHING);
  await storage.deletePoints(series('a'), { startMs: HOUR_MS, endMs: 2 * HOUR_MS });
  await storage.deletePoints(series('a'), { startMs: 5, endMs: 5 });
  assert.equal(operations, []);
  assert.is(storage.stats().deletes, 0);
});

deleter('a delete of what is in tables does not flush what is in memory', async () => {
  const storage = await open(createSimEnv());
  await appendPoints(storage, points(['a'], [0, 10]));
  await storage.flush();
  await appendPoints(storage, points(['b'], [20]));
  const { flushes } = storage.stats();
  await storage.deletePoints(series('a'), EVERYTHING);
  assert.is(storage.stats().flushes, flushes);
  assert.equal(await shown(storage), ['b: 20=1']);
});

deleter('a scan that was begun before sees what there was', async () => {
  const storage = await open(createSimEnv());
  await appendPoints(storage, points(['a'], [0, 10]));
  await storage.flush();
  const scan = storage.scan({ selectors: [[]], ...EVERYTHING })[Symbol.asyncIterator]();
  const first = scan.next();
  await storage.deletePoints(series('a'), EVERYTHING);
  await storage.cleanTombstones();
  const { value } = await first;
  assert.equal([...value![0]!.timestampsMs], [0, 10]);
  await scan.return?.();
});

deleter('writes that go on during deletes are hidden by none that came before them', async () => {
  const storage = await open(createSimEnv());
  for (let round = 0; round < 20; round++) {
    await appendPoints(storage, points(['a'], [round], round));
    const deleted = storage.deletePoints(series('a'), EVERYTHING);
    // The delete has its place once it has selected its series; what comes after is not concerned.
    await Promise.all([deleted, storage.flush()]);
    await appendPoints(storage, points(['a'], [round], 100 + round));
    assert.equal(await shown(storage), [`a: ${round}=${100 + round}`]);
  }
});

deleter('listings leave out series without a point left', async () => {
  const storage = await openSlow();
  await appendPoints(storage, points(['a', 'b', 'c'], [0, 10]));
  await appendPoints(storage, points(['b'], [20]));
  await storage.flush();
  await appendPoints(storage, points(['c'], [30]));
  await storage.deletePoints(series('a', 'b', 'c'), { startMs: 0, endMs: 11 });
  assert.equal(await names(storage), ['b', 'c']);
  assert.equal(await names(storage, EVERYTHING), ['b', 'c']);
  assert.equal(await names(storage, { startMs: 15, endMs: 25 }), ['b']);
  assert.equal(await storage.labelNames(series('a')), []);
  const found = await storage.series([[]], EVERYTHING);
  assert.equal(
    found.map((ofSeries) => ofSeries[1]!.value),
    ['b', 'c'],
  );
});

deleter('dropping a window takes what memory has of it along', async () => {
  const env = createSimEnv();
  let storage = await open(env);
  await appendPoints(storage, points(['a'], [0, HOUR_MS]));
  await storage.flush();
  await appendPoints(storage, points(['a'], [10, HOUR_MS + 10]));
  const [first] = storage.windows();
  await storage.dropWindows([first!.key]);
  const left = ['a: 3600000=1 3600010=1'];
  assert.equal(await shown(storage), left);
  await storage.flush();
  assert.equal(await shown(storage), left, 'after a flush');
  storage = await open(createSimEnv(env.fs.killClone()));
  assert.equal(await shown(storage), left, 'after a kill');
});

deleter('what is deleted can be written and deleted again and again', async () => {
  const env = createSimEnv();
  let storage = await open(env);
  for (let round = 1; round <= 5; round++) {
    await appendPoints(storage, points(['a', 'b'], [0, 10, 20], round));
    if (round % 2 === 0) await storage.flush();
    await storage.deletePoints(series('a'), { startMs: 0, endMs: 15 });
    if (round % 3 === 0) await storage.compact();
    assert.equal(await shown(storage), [`a: 20=${round}`, `b: 0=${round} 10=${round} 20=${round}`]);
    await storage.close();
    storage = await open(env);
  }
  const before = await contentsOf(storage);
  await storage.compact();
  await storage.cleanTombstones();
  assert.equal(await contentsOf(storage), before);
  assert.is(storage.stats().tombstones, 0);
});

deleter('too many deletes that wait to be applied are refused', async () => {
  const storage = await openSlow();
  await appendPoints(storage, points(['a', 'b'], [0, 10_000]));
  await storage.flush();
  for (let i = 0; i < TOMBSTONES_MAX; i++) {
    await storage.deletePoints(series('a'), { startMs: i, endMs: i + 1 });
  }
  const error = await storage.deletePoints(series('b'), EVERYTHING).catch((e: unknown) => e);
  assert.is((error as StorageError).code, 'RESOURCE_EXHAUSTED');
  assert.match((error as StorageError).message, /clean the tombstones first/);
  assert.equal(await shown(storage), ['a: 10000=1', 'b: 0=1 10000=1']);
});

deleter.run();
