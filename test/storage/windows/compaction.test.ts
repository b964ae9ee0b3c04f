import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type CompactionOptions,
  openStorage,
  type PolicySet,
  type Storage,
} from '../../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../../sim/sim-env.ts';
import { flipBit } from '../../support/damage.ts';
import { appendPoints, contentsOf, labels, type TestPoint } from '../../support/storage.ts';

const compaction = suite('storage/windows/compaction');

const HOUR_MS = 3_600_000;
/** Nothing is merged unless it is asked for. */
const LAZY: CompactionOptions = { fanIn: 50, slowdownTables: 60, stopTables: 70, graceMs: 1e15 };

function policies(windowMs: number, name = 'default'): PolicySet {
  return {
    policies: [{ name, keepMs: Number.POSITIVE_INFINITY, windowMs }],
    policyOf: () => 0,
  };
}

function open(env: SimEnv, options: CompactionOptions = LAZY): Promise<Storage> {
  return openStorage('data', env, { compaction: options, policies: policies(HOUR_MS) });
}

/** One flush: a point of `value` for each of `count` series at each of `timesMs`. */
async function flushed(
  storage: Storage,
  count: number,
  timesMs: readonly number[],
  value: number,
): Promise<void> {
  const points = Array.from({ length: count }, (_, s) => s).flatMap((s) =>
    timesMs.map((timestampMs): TestPoint => {
      return { labels: labels('m', `s${s}`), timestampMs, value: value + s };
    }),
  );
  await appendPoints(storage, points);
  await storage.flush();
}

/** Four tables of one window that overlap, and one of the window after. */
async function fill(storage: Storage): Promise<void> {
  await flushed(storage, 40, [0, 10, 20, 30], 1000);
  await flushed(storage, 20, [10, 11, 12], 2000);
  await flushed(storage, 30, [5, 20, 40], 3000);
  await flushed(storage, 10, [0, 40], 4000);
  await flushed(storage, 10, [HOUR_MS], 5000);
}

async function bytesOf(env: SimEnv, path: string): Promise<Uint8Array> {
  const file = await env.fs.open(path);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

async function onlyTable(env: SimEnv, windowDir: string): Promise<string> {
  const names = await env.fs.list(windowDir);
  assert.is(names.length, 1);
  return `${windowDir}/${names[0]}`;
}

const WINDOW_DIR = `data/windows/1/0_${HOUR_MS}`;

compaction('leaves one table for each window, with the newest of all points', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await fill(storage);
  const before = await contentsOf(storage);
  assert.equal(
    storage.windows().map(({ tables }) => tables),
    [4, 1],
  );
  await storage.compact();
  assert.equal(
    storage.windows().map(({ tables }) => tables),
    [1, 1],
  );
  assert.equal(await contentsOf(storage), before);
  const { compactions, compactionBytesRead, compactionBytesWritten } = storage.stats();
  assert.is(compactions, 1);
  assert.ok(compactionBytesRead > 0 && compactionBytesWritten > 0);
  await storage.close();
  const again = await open(env);
  assert.equal(await contentsOf(again), before);
  await again.close();
});

compaction('gives the same bytes however its work is cut into jobs', async () => {
  const files: Uint8Array[] = [];
  for (const jobPoints of [1, 7, 50, 2 ** 20]) {
    const env = createSimEnv();
    const storage = await open(env, { ...LAZY, jobPoints });
    await fill(storage);
    await storage.compact();
    files.push(await bytesOf(env, await onlyTable(env, WINDOW_DIR)));
    await storage.close();
  }
  for (const file of files) assert.equal(file, files[0]);
});

compaction('merges a window once it has closed, without being asked', async () => {
  const env = createSimEnv();
  let merges = 0;
  const storage = await openStorage('data', env, {
    policies: policies(HOUR_MS),
    compaction: { fanIn: 50, slowdownTables: 60, stopTables: 70 },
    listener: { windowCompacted: () => merges++ },
  });
  await fill(storage);
  assert.is(merges, 0, 'not while tables still come');
  for (let minute = 0; minute < 30 && merges === 0; minute++) {
    env.time.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is(merges, 1);
  await storage.close();
});

compaction('leaves closed windows to whoever asks, and no longer than that wants', async () => {
  const env = createSimEnv();
  const merged: number[] = [];
  const storage = await openStorage('data', env, {
    policies: policies(HOUR_MS),
    compaction: { fanIn: 6, slowdownTables: 60, stopTables: 70, closedWhenAsked: true },
    listener: { windowCompacted: ({ tables }) => merged.push(tables) },
  });
  await fill(storage);
  for (let hour = 0; hour < 3; hour++) {
    env.time.advance(HOUR_MS);
    await storage.flush();
  }
  assert.equal(merged, [], 'nobody asked');
  await storage.compactDue({ signal: AbortSignal.abort() });
  await storage.compactDue({ budgetMs: 0 });
  assert.equal(merged, [], 'no time was given');
  const { merges, bytesWritten } = await storage.compactDue();
  assert.equal([merged, merges, bytesWritten > 0], [[4], 1, true]);
  assert.equal(await storage.compactDue(), { merges: 0, bytesWritten: 0 });
  for (let table = 0; table < 6; table++) await flushed(storage, 2, [10], 5000 + table);
  for (let turn = 0; turn < 100 && merged.length < 2; turn++) await new Promise(setImmediate);
  assert.equal(merged, [4, 6], 'what queries wait for is not left to anybody');
  await storage.close();
});

compaction('never lets an old point win over one that another policy got later', async () => {
  const env = createSimEnv();
  const storage = await open(env);
  await flushed(storage, 3, [10], 1000);
  await storage.setPolicies(policies(2 * HOUR_MS, 'other'));
  await flushed(storage, 3, [10], 2000);
  await storage.setPolicies(policies(HOUR_MS));
  await flushed(storage, 2, [20], 3000);
  const before = await contentsOf(storage);
  await storage.compact();
  assert.equal(await contentsOf(storage), before);
  assert.is(storage.stats().compactions, 0);
  await storage.close();
});

compaction('leaves a damaged table alone, says so, and merges the others', async () => {
  const env = createSimEnv();
  let storage = await open(env);
  await fill(storage);
  await storage.close();
  const [, second] = await env.fs.list(WINDOW_DIR);
  const path = `${WINDOW_DIR}/${second}`;
  const damaged = flipBit(await bytesOf(env, path), 20, 3);
  await env.fs.remove(path);
  const file = await env.fs.create(path);
  await file.append([damaged]);
  await file.close();
  const found: Error[] = [];
  storage = await openStorage('data', env, {
    policies: policies(HOUR_MS),
    compaction: LAZY,
    listener: { corruption: (error) => found.push(error) },
  });
  await storage.compact();
  assert.is(found.length, 1);
  assert.ok(found[0]!.message.includes(path));
  assert.equal(
    storage.windows().map(({ tables }) => tables),
    [3, 1],
  );
  assert.is(storage.stats().compactionDebt, 1);
  await storage.close();
});

compaction('does not bring back a window that is dropped while it is merged', async () => {
  const env = createSimEnv();
  const storage = await open(env, { ...LAZY, jobPoints: 10 });
  await fill(storage);
  const [window] = storage.windows();
  const compacting = storage.compact();
  await storage.dropWindows([window!.key]);
  await compacting;
  assert.is(storage.windows().length, 1);
  assert.equal(await env.fs.list(WINDOW_DIR), []);
  await storage.close();
});

compaction.run();
