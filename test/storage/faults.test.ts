// Disks that fail under a running engine, one operation or many at a time.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStorage, type Storage, type StorageOptions } from '../../storage/index.ts';
import { type OperationKind, SystemError } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { rejection } from '../support/rejection.ts';
import { appendPoints, contentsOf, EVERYTHING, labels } from '../support/storage.ts';

const faults = suite('storage/faults');

const HOUR_MS = 3_600_000;

function write(storage: Storage, first: number, count: number, hour = 0): Promise<void> {
  const points = Array.from({ length: count }, (_, i) => ({
    labels: labels('m', `s${first + i}`),
    timestampMs: hour * HOUR_MS + i,
    value: i,
  }));
  return appendPoints(storage, points);
}

/** Every operation of `kind` on a path that contains `part` fails until the hook is taken away. */
function failAll(env: SimEnv, kind: OperationKind, part: string, code = 'EIO'): void {
  env.fs.onOperation = (_, each, path) => {
    if (each === kind && path.includes(part)) throw new SystemError(code, path);
  };
}

async function open(options: StorageOptions = {}) {
  const env = createSimEnv();
  const errors: Error[] = [];
  const listener = { backgroundError: (error: Error) => void errors.push(error) };
  return { env, errors, storage: await openStorage('data', env, { ...options, listener }) };
}

async function filesIn(env: SimEnv, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await env.fs.list(path)) {
    const child = `${path}/${name}`;
    if (name.includes('.')) found.push(child);
    else found.push(...(await filesIn(env, child)));
  }
  return found;
}

// Each retry wrote all tables again and left them: a disk that was full for a while stayed full.
for (const [what, kind, part] of [
  ['a table', 'append', 'windows/'],
  ['the sync of a table', 'sync', 'windows/'],
  ['the sync of a directory', 'syncDir', 'windows/'],
  ['a table of the index', 'append', 'tag-index/'],
  ['the first read of a table of the index', 'open', 'tag-index/'],
] satisfies [string, OperationKind, string][]) {
  faults(`a flush that fails over ${what} leaves no file, and loses nothing`, async () => {
    const { env, errors, storage } = await open();
    await write(storage, 0, 10);
    await write(storage, 0, 10, 5);
    const before = await contentsOf(storage);
    failAll(env, kind, part);
    assert.is((await rejection(storage.flush())).code, 'EIO');
    assert.is(errors.length, 1);
    assert.equal(await contentsOf(storage), before, 'reads go on');
    env.fs.onOperation = undefined;
    assert.equal(await filesIn(env, 'data/windows'), []);
    assert.equal(await filesIn(env, 'data/tag-index'), []);
    await write(storage, 20, 1);
    env.time.advance(1000);
    await storage.flush();
    assert.is(storage.stats().memtable.points, 0);
    assert.is((await contentsOf(storage)).size, 11);
    await storage.close();
  });
}

/** Lets the engine mend itself, which it tries once a second. */
async function mended({ time }: SimEnv, storage: Storage): Promise<void> {
  for (let turns = 0; storage.stats().readOnly; turns++) {
    assert.ok(turns < 200, 'writes are taken again');
    await turn();
    if (turns % 20 === 19) time.advance(200);
  }
}

faults('a log that fails refuses writes as unavailable, and reads go on', async () => {
  const { env, storage } = await open();
  await write(storage, 0, 5);
  failAll(env, 'sync', '.wal');
  assert.is((await rejection(write(storage, 5, 5))).code, 'UNAVAILABLE');
  for (let turns = 0; turns < 100; turns++) await turn();
  assert.is((await rejection(write(storage, 0, 5))).code, 'UNAVAILABLE', 'it sticks');
  assert.is(storage.stats().readOnly, true);
  const found = await contentsOf(storage);
  assert.ok(found.size >= 5 && found.size <= 10, 'none of the points refused at the door');
  env.fs.onOperation = undefined;
  await mended(env, storage);
  await write(storage, 10, 5);
  const again = await openStorage('data', createSimEnv(env.fs.crashClone(createRng(1))));
  assert.is((await contentsOf(again)).size, found.size + 5);
  await again.close();
  await storage.close();
});

// Points were acknowledged that no flush could ever take out of memory.
faults('a manifest that fails refuses writes too, and no retry writes tables', async () => {
  const { env, storage } = await open();
  await write(storage, 0, 5);
  failAll(env, 'sync', '.manifest');
  assert.is((await rejection(storage.flush())).code, 'UNAVAILABLE');
  const files = await filesIn(env, 'data/windows');
  env.time.advance(1000);
  assert.is((await rejection(storage.flush())).code, 'UNAVAILABLE');
  assert.equal(await filesIn(env, 'data/windows'), files);
  assert.is((await rejection(write(storage, 0, 5))).code, 'UNAVAILABLE');
  assert.is(storage.stats().readOnly, true);
  assert.is((await contentsOf(storage)).size, 5);
  env.fs.onOperation = undefined;
  await mended(env, storage);
  assert.is((await filesIn(env, 'data/windows')).length, 1, 'what was left behind is gone');
  assert.is((await contentsOf(storage)).size, 5);
  await storage.close();
});

// The log was left as it was: what had been acknowledged in the last interval was not synced.
faults('a close that cannot flush still syncs the log and lets go of the directory', async () => {
  const { env, storage } = await open({ wal: { sync: 'interval' } });
  await write(storage, 0, 5);
  failAll(env, 'append', 'windows/');
  assert.is((await rejection(storage.close())).code, 'EIO');
  assert.is(env.time.pending, 0, 'nothing goes on behind it');
  for (let seed = 0; seed < 5; seed++) {
    const found = createSimEnv(env.fs.crashClone(createRng(seed)));
    const again = await openStorage('data', found);
    assert.is((await contentsOf(again)).size, 5);
    await again.close();
  }
});

faults(
  'writes wait for a flush in their order, and are refused when it takes too long',
  async () => {
    const memtable = { bytesMax: 24 * 10, sealedMax: 1 };
    const { env, storage } = await open({ memtable, writeWaitMsMax: 3000 });
    failAll(env, 'append', 'windows/');
    const fitting = [write(storage, 0, 10), write(storage, 10, 10)];
    await Promise.all(fitting);
    const refused = rejection(write(storage, 20, 10));
    await turn();
    env.time.advance(2999);
    await turn();
    const waiting = write(storage, 30, 10);
    await turn();
    env.time.advance(1);
    assert.is((await refused).code, 'RESOURCE_EXHAUSTED');
    env.fs.onOperation = undefined;
    env.time.advance(1000);
    await waiting;
    assert.is((await contentsOf(storage)).size, 30);
    await storage.close();
  },
);

faults('a close turns away the writes that wait', async () => {
  const { env, storage } = await open({ memtable: { bytesMax: 24 * 10, sealedMax: 1 } });
  failAll(env, 'append', 'windows/');
  await Promise.all([write(storage, 0, 10), write(storage, 10, 10)]);
  const waiting = rejection(write(storage, 20, 10));
  await turn();
  env.fs.onOperation = undefined;
  await storage.close();
  assert.is((await waiting).code, 'CLOSED');
  assert.is(env.time.pending, 0);
  const again = await openStorage('data', env);
  assert.is((await contentsOf(again)).size, 20);
  await again.close();
});

// A directory goes with the last file of its window: between the making of a directory for a flush
// and that of the file in it, it was taken away, and the flush failed.
faults('a delete that removes a directory does not fail the flush into it', async () => {
  const { env, errors, storage } = await open();
  await write(storage, 0, 5);
  await storage.flush();
  await write(storage, 5, 5);
  let removed = false;
  env.fs.onOperation = async (_, kind, path) => {
    if (removed || kind !== 'create' || !path.includes('windows/')) return;
    removed = true;
    await storage.deletePoints([[{ name: 'series', type: '=~', value: 's[0-4]' }]], EVERYTHING);
    while ((await filesIn(env, 'data/windows')).length > 0) await turn();
  };
  await storage.flush();
  assert.ok(removed);
  assert.equal(errors, []);
  assert.is((await contentsOf(storage)).size, 5);
  await storage.close();
});

// It removed the files that the scan had held, though the directory was no longer its own.
faults('a scan beyond close reads to its end, and removes nothing', async () => {
  const { env, storage } = await open();
  await write(storage, 0, 2000);
  await storage.flush();
  const scan = storage.scan({ selectors: [[]], ...EVERYTHING })[Symbol.asyncIterator]();
  await scan.next();
  await storage.dropWindows(storage.windows().map(({ key }) => key));
  await storage.close();
  const files = await filesIn(env, 'data/windows');
  assert.is(files.length, 1);
  let found = 0;
  for (let next = await scan.next(); !next.done; next = await scan.next()) {
    found += next.value.length;
  }
  assert.ok(found > 0);
  assert.equal(await filesIn(env, 'data/windows'), files);
  const again = await openStorage('data', env);
  assert.equal(await filesIn(env, 'data/windows'), [], 'orphans go with the next start');
  await again.close();
});

faults('a scan that is left in the middle lets go of its files', async () => {
  const { env, storage } = await open();
  await write(storage, 0, 2000);
  await storage.flush();
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) {
    assert.ok(batch.length > 0);
    await storage.dropWindows(storage.windows().map(({ key }) => key));
    assert.is((await filesIn(env, 'data/windows')).length, 1);
    break;
  }
  await storage.close();
  assert.equal(await filesIn(env, 'data/windows'), []);
});

// The registration began a timer that sealed a memtable of a storage that was gone.
faults('series that are looked up while the storage closes leave nothing behind', async () => {
  const { env, storage } = await open();
  await write(storage, 0, 100);
  await storage.flush();
  const reads = { release: () => {} };
  const held = new Promise<void>((resolve) => {
    reads.release = resolve;
  });
  env.fs.onOperation = (_, kind, path) =>
    kind === 'read' && path.includes('tag-index/') ? held : undefined;
  const known = Array.from({ length: 100 }, (_, i) => labels('m', `x${i}`));
  const resolving = Promise.resolve(storage.resolve(known)).then(
    () => undefined,
    (error) => error.code,
  );
  const closed = storage.close();
  reads.release();
  await closed;
  await resolving;
  assert.is(env.time.pending, 0);
});

faults.run();
