// The engine against the naive model: the same calls, then the same answers.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  openStorage,
  type PolicySet,
  type ScanCost,
  type Storage,
  StorageError,
  type StorageOptions,
} from '../../storage/index.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { createNaiveStorage, type NaiveStorage } from '../support/naive-storage.ts';
import { appendPoints, contentsOf, EVERYTHING, labels } from '../support/storage.ts';

const engine = suite('storage/engine');

const HOUR_MS = 3_600_000;
const SMALL: StorageOptions = {
  memtable: { bytesMax: 24 * 512 },
  index: { levelZeroTables: 2, levelOneBytes: 2048, tableBytes: 512 },
};
const TWO_POLICIES: PolicySet = {
  policies: [
    { name: 'dev', keepMs: HOUR_MS, windowMs: HOUR_MS },
    { name: 'default', keepMs: Number.POSITIVE_INFINITY, windowMs: 2 * HOUR_MS },
  ],
  policyOf: (ofSeries) => (ofSeries.some(({ value }) => value === 'dev') ? 0 : 1),
};

async function sameInBoth(storage: Storage, naive: NaiveStorage): Promise<void> {
  assert.equal(await contentsOf(storage), naive.contents());
}

/** Random writes, many of them late or over older ones. */
async function writeRandomly(
  seed: number,
  batches: number,
  storages: readonly Storage[],
): Promise<void> {
  const rng = createRng(seed);
  for (let batch = 0; batch < batches; batch++) {
    const points = Array.from({ length: 1 + rng.below(60) }, () => ({
      labels: labels('metric', `series-${rng.below(120)}`),
      timestampMs: rng.below(200) * 100_000 - 3 * HOUR_MS,
      value: rng.chance(0.1) ? Number.NaN : rng.below(1000) / 10,
    }));
    for (const storage of storages) await appendPoints(storage, points);
  }
}

engine(
  'returns what was written, from memory and from tables, before and after a restart',
  async () => {
    const env = createSimEnv();
    const naive = createNaiveStorage();
    let storage = await openStorage('data', env, SMALL);
    await writeRandomly(1, 40, [storage, naive]);
    await sameInBoth(storage, naive);
    await storage.flush();
    await sameInBoth(storage, naive);
    await writeRandomly(2, 40, [storage, naive]);
    await sameInBoth(storage, naive);
    await storage.close();
    storage = await openStorage('data', env, SMALL);
    await sameInBoth(storage, naive);
    await writeRandomly(3, 20, [storage, naive]);
    await sameInBoth(storage, naive);
    await storage.close();
  },
);

engine('tells what a scan has read, from files and from memory', async () => {
  const storage = await openStorage('data', createSimEnv());
  const points = [0, 60_000, 5 * HOUR_MS].map((timestampMs) => {
    return { labels: labels('metric', 'a'), timestampMs, value: 1 };
  });
  await appendPoints(storage, points);
  await storage.flush();
  await appendPoints(storage, [{ labels: labels('metric', 'b'), timestampMs: 0, value: 1 }]);
  const matcher = (value: string) => [{ name: 'series', type: '=', value } as const];
  const costOf = async (series: string) => {
    const cost: ScanCost = {
      ...{ windows: 0, tables: 0, tablesSkipped: 0 },
      ...{ blocksRead: 0, bytesRead: 0, blocksCached: 0 },
    };
    const request = { selectors: [matcher(series)], startMs: 0, endMs: HOUR_MS, cost };
    for await (const _ of storage.scan(request));
    return cost;
  };
  const first = await costOf('a');
  assert.ok(first.bytesRead > 0);
  assert.equal(
    { ...first, bytesRead: 0 },
    { windows: 1, tables: 1, tablesSkipped: 0, blocksRead: 1, bytesRead: 0, blocksCached: 0 },
  );
  const again = { ...first, blocksRead: 0, bytesRead: 0, blocksCached: 1 };
  assert.equal(await costOf('a'), again);
  const { blocksRead, blocksCached } = await costOf('b');
  assert.is(blocksRead + blocksCached, 0);
  await storage.close();
});

engine('replays the log after a kill, and flushes on the way when memory is small', async () => {
  const env = createSimEnv();
  const naive = createNaiveStorage();
  const big = await openStorage('data', env, {});
  await writeRandomly(4, 60, [big, naive]);
  const infos: number[] = [];
  const storage = await openStorage('data', createSimEnv(env.fs.killClone()), {
    ...SMALL,
    listener: { recovered: ({ points, unclean }) => infos.push(points, Number(unclean)) },
  });
  assert.is(infos[1], 1, 'the end was unclean');
  assert.ok(infos[0]! > 0, 'points were replayed');
  assert.ok(storage.stats().flushes > 0, 'memtables were flushed in replay');
  await sameInBoth(storage, naive);
  await storage.close();
});

engine('gives a series the same id after a restart', async () => {
  const env = createSimEnv();
  let storage = await openStorage('data', env, SMALL);
  const sets = Array.from({ length: 300 }, (_, i) => labels('m', `s${i}`));
  const ids = await storage.resolve(sets);
  await storage.close();
  storage = await openStorage('data', env, SMALL);
  assert.equal(await storage.resolve(sets), ids);
  assert.is(storage.seriesCount, 300);
  const more = await storage.resolve([labels('m', 'another'), sets[7]!]);
  assert.equal([...more], [301, ids[7]]);
  await storage.close();
});

engine('registers nothing that is not admitted', async () => {
  const storage = await openStorage('data', createSimEnv());
  const sets = [labels('m', 'a'), labels('m', 'b'), labels('m', 'a')];
  const ids = await storage.resolve(sets, (position) => position !== 1);
  assert.equal([...ids], [1, 0, 1]);
  assert.is(storage.seriesCount, 1);
  await storage.close();
});

engine('drops windows of one policy by unlinking their files, and touches no other', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, { policies: TWO_POLICIES });
  const points = ['dev', 'prod'].flatMap((value) =>
    [0, 1, 2, 3].map((hour) => ({
      labels: labels('m', value),
      timestampMs: hour * HOUR_MS,
      value: hour,
    })),
  );
  await appendPoints(storage, points);
  await storage.flush();
  const files = await tableFiles(env);
  assert.is(files.size, 6);
  const old = storage
    .windows()
    .filter(({ policy, endMs }) => policy.name === 'dev' && endMs <= 2 * HOUR_MS);
  assert.is(old.length, 2);
  const dropped = await storage.dropWindows([...old.map(({ key }) => key), 'not a window']);
  assert.equal(dropped, old);
  assert.is((await storage.dropWindows(old.map(({ key }) => key))).length, 0, 'safe to run twice');

  const contents = await contentsOf(storage);
  assert.is(contents.get(JSON.stringify(labels('m', 'dev')))?.length, 2);
  assert.is(contents.get(JSON.stringify(labels('m', 'prod')))?.length, 4);
  await storage.close();
  const left = await tableFiles(env);
  assert.is(left.size, 4);
  for (const [path, bytes] of left) assert.equal(bytes, files.get(path), `${path} is as it was`);
});

engine('lets a scan that is under way finish over a window that is dropped', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, SMALL);
  const naive = createNaiveStorage();
  const points = Array.from({ length: 3000 }, (_, i) => ({
    labels: labels('m', `s${i}`),
    timestampMs: 1000,
    value: i,
  }));
  await appendPoints(storage, points);
  await appendPoints(naive, points);
  await storage.flush();
  const scan = storage.scan({ selectors: [[]], ...EVERYTHING })[Symbol.asyncIterator]();
  const first = await scan.next();
  await storage.dropWindows(storage.windows().map(({ key }) => key));
  assert.ok((await tableFiles(env)).size > 0, 'the scan holds the files');
  let found = first.done ? 0 : first.value.length;
  for (let next = await scan.next(); !next.done; next = await scan.next()) {
    found += next.value.length;
  }
  assert.is(found, 3000);
  assert.is((await contentsOf(storage)).size, 0);
  await storage.close();
  assert.is((await tableFiles(env)).size, 0, 'the files went with the scan');
});

engine('moves a series to another policy and leaves its old windows where they are', async () => {
  const storage = await openStorage('data', createSimEnv(), { policies: TWO_POLICIES });
  await appendPoints(storage, [{ labels: labels('m', 'dev'), timestampMs: 0, value: 1 }]);
  await storage.flush();
  await storage.setPolicies({ ...TWO_POLICIES, policyOf: () => 1 });
  await appendPoints(storage, [{ labels: labels('m', 'dev'), timestampMs: 0, value: 2 }]);
  await storage.flush();
  assert.equal(
    storage.windows().map(({ policy, endMs }) => [policy.name, endMs]),
    [
      ['dev', HOUR_MS],
      ['default', 2 * HOUR_MS],
    ],
  );
  const [series] = (await contentsOf(storage)).values();
  assert.is(series?.length, 1, 'one point, whichever window it is in');
  await storage.close();
});

engine('keeps a series apart under a policy whose window width changed', async () => {
  const env = createSimEnv();
  const width = (windowMs: number): StorageOptions => ({
    policies: { policies: [{ name: 'p', keepMs: HOUR_MS, windowMs }], policyOf: () => 0 },
  });
  let storage = await openStorage('data', env, width(HOUR_MS));
  await appendPoints(storage, [{ labels: labels('m', 'a'), timestampMs: 5, value: 1 }]);
  await storage.close();
  storage = await openStorage('data', env, width(2 * HOUR_MS));
  await appendPoints(storage, [{ labels: labels('m', 'a'), timestampMs: 6, value: 2 }]);
  await storage.flush();
  assert.equal(
    storage.windows().map(({ policy }) => policy.windowMs),
    [HOUR_MS, 2 * HOUR_MS],
  );
  const [points] = (await contentsOf(storage)).values();
  assert.equal(
    points?.map(([t]) => t),
    [5, 6],
  );
  await storage.close();
});

engine('compacts the tag index by levels and still knows every series', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, SMALL);
  const sets = Array.from({ length: 600 }, (_, i) => labels('m', `series-${i}`));
  for (let from = 0; from < sets.length; from += 50) {
    await appendPoints(
      storage,
      sets.slice(from, from + 50).map((ofSeries) => ({
        labels: ofSeries,
        timestampMs: from,
        value: 1,
      })),
    );
    await storage.flush();
  }
  await storage.compact();
  const { index } = storage.stats();
  assert.ok(index.compactions > 0);
  assert.ok(index.levels[0]!.tables < 2, 'level 0 is within its limit');
  assert.ok(index.levels.length > 2, 'levels below one are in use');
  assert.is((await storage.labelValues('series')).length, 600);
  assert.is((await contentsOf(storage)).size, 600);
  await storage.close();
});

engine('seals a memtable that has grown old, without a write', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env, { memtable: { ageMsMax: 1000 } });
  await appendPoints(storage, [{ labels: labels('m', 'a'), timestampMs: 1, value: 1 }]);
  env.time.advance(999);
  assert.is(storage.stats().memtable.sealed, 0);
  env.time.advance(1);
  assert.is(storage.stats().memtable.sealed, 1);
  await storage.close();
});

engine('lists series, names and values, by time where asked', async () => {
  const storage = await openStorage('data', createSimEnv());
  const at = (timestampMs: number, value: string) => ({
    labels: labels('m', value),
    timestampMs,
    value: 1,
  });
  await appendPoints(storage, [at(0, 'old')]);
  await storage.flush();
  await appendPoints(storage, [at(10 * HOUR_MS, 'new')]);
  const early = { startMs: 0, endMs: HOUR_MS };
  assert.equal(await storage.labelValues('series'), ['new', 'old']);
  assert.equal(await storage.labelValues('series', undefined, early), ['old']);
  assert.equal(await storage.labelNames(), ['__name__', 'series']);
  assert.equal(await storage.series([[]], early), [labels('m', 'old')]);
  const selector = [[{ name: 'series', type: '=~', value: 'n.*' }]] as const;
  assert.equal(await storage.series(selector), [labels('m', 'new')]);
  await storage.close();
});

engine('turns a second owner of the directory away', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env);
  try {
    await openStorage('data', env);
    assert.unreachable('two owners');
  } catch (error) {
    assert.instance(error, StorageError);
    assert.is((error as StorageError).code, 'LOCKED');
  }
  await storage.close();
  await (await openStorage('data', env)).close();
});

engine('refuses calls after close', async () => {
  const storage = await openStorage('data', createSimEnv());
  await storage.close();
  assert.throws(
    () => storage.resolve([labels('m', 'a')]),
    (error: StorageError) => error.code === 'CLOSED',
  );
});

async function tableFiles(env: SimEnv): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const walk = async (path: string): Promise<void> => {
    for (const name of await env.fs.list(path)) {
      const child = `${path}/${name}`;
      if (name.endsWith('.sst')) found.set(child, env.fs.bytesOf(child).slice());
      else await walk(child);
    }
  };
  await walk('data/windows');
  return found;
}

engine.run();
