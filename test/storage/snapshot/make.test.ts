// A snapshot of a running engine, and the way back from it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrapFileSystem } from '../../../storage/env/wrapper.ts';
import {
  CorruptionError,
  openStorage,
  placeSnapshot,
  restoreSnapshot,
  type Storage,
  verifySnapshot,
} from '../../../storage/index.ts';
import { SystemError } from '../../sim/memory-fs.ts';
import { createSimEnv, type SimEnv } from '../../sim/sim-env.ts';
import { flipBit } from '../../support/damage.ts';
import { rejection } from '../../support/rejection.ts';
import { appendPoints, contentsOf, labels } from '../../support/storage.ts';
import { filesBelow } from '../../support/tree.ts';

const snapshots = suite('storage/snapshot');

const HOUR_MS = 3_600_000;
const SNAPSHOT = 'data/snapshots/one';

async function write(storage: Storage, hour: number): Promise<void> {
  const points = ['a', 'b'].map((series) => ({
    labels: labels(`m${hour}`, series),
    timestampMs: hour * HOUR_MS,
    value: hour,
  }));
  await appendPoints(storage, points);
}

/** Two flushed windows, and one that only memory has. */
async function written(env: SimEnv): Promise<Storage> {
  const storage = await openStorage('data', env);
  for (const hour of [0, 10]) {
    await write(storage, hour);
    await storage.flush();
  }
  await write(storage, 20);
  return storage;
}

async function contentsAt(dir: string, env: SimEnv) {
  const storage = await openStorage(dir, env);
  try {
    return await contentsOf(storage);
  } finally {
    await storage.close();
  }
}

snapshots('what was appended before is in it, whatever happens to the engine after', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  const before = await contentsOf(storage);
  const info = await storage.snapshot(SNAPSHOT);
  await write(storage, 30);
  await storage.compact();
  await storage.dropWindows(storage.windows().map(({ key }) => key));
  await storage.close();
  assert.equal(await verifySnapshot(SNAPSHOT, env), info);
  const progress: number[] = [];
  await restoreSnapshot(SNAPSHOT, 'restored', env, (done, total) => progress.push(done / total));
  assert.is(progress.length, info.files);
  assert.is(progress.at(-1), 1);
  assert.equal(await contentsAt('restored', env), before);
  assert.equal(await verifySnapshot(SNAPSHOT, env), info, 'still whole');
});

snapshots('a snapshot without the head is of what is in tables', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.snapshot(SNAPSHOT, { skipHead: true });
  assert.is(storage.stats().memtable.points, 2, 'not flushed');
  await storage.close();
  await restoreSnapshot(SNAPSHOT, 'restored', env);
  assert.is((await contentsAt('restored', env)).size, 4);
});

snapshots('an engine without a point has a snapshot, too', async () => {
  const env = createSimEnv();
  const storage = await openStorage('data', env);
  await storage.snapshot(SNAPSHOT);
  await storage.close();
  await restoreSnapshot(SNAPSHOT, 'restored', env);
  assert.is((await contentsAt('restored', env)).size, 0);
});

snapshots('snapshots that are asked for at once are made one after another', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await Promise.all(['one', 'two'].map((name) => storage.snapshot(`data/snapshots/${name}`)));
  await storage.close();
  for (const name of ['one', 'two']) await verifySnapshot(`data/snapshots/${name}`, env);
});

snapshots('asked for again, the one that is whole is the answer; half of one is none', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  const info = await storage.snapshot(SNAPSHOT, { orMade: true });
  await write(storage, 30);
  assert.equal(await storage.snapshot(SNAPSHOT, { orMade: true }), info);
  assert.is((await rejection(storage.snapshot(SNAPSHOT))).code, 'INVALID_ARGUMENT');
  await storage.close();
  await env.fs.remove(`${SNAPSHOT}/SNAPSHOT`);
  const again = await openStorage('data', env);
  const refused = await rejection(again.snapshot(SNAPSHOT, { orMade: true }));
  assert.is(refused.code, 'INVALID_ARGUMENT');
  await again.close();
});

snapshots('its tables are second names, and copies where there can be none', async () => {
  for (const code of [undefined, 'EXDEV', 'EPERM']) {
    const env = createSimEnv();
    const fs = wrapFileSystem(env.fs, {
      async link(from, to) {
        if (code !== undefined) throw new SystemError(code, to);
        await env.fs.link(from, to);
      },
    });
    const storage = await openStorage('data', { ...env, fs });
    await write(storage, 0);
    await storage.flush();
    const [table] = await filesBelow(env.fs, 'data/windows', '.sst');
    const sizes = () => env.fs.bytesOf(table!).length;
    env.fs.capacityBytes = Number.MAX_SAFE_INTEGER;
    const free = await env.fs.freeBytes('data');
    await storage.snapshot(SNAPSHOT);
    const used = free - (await env.fs.freeBytes('data'));
    const own = await Promise.all(
      ['CURRENT', 'SNAPSHOT', 'manifest/000001.manifest'].map(
        (path) => env.fs.bytesOf(`${SNAPSHOT}/${path}`).length,
      ),
    );
    const isLinked = used === own.reduce((sum, size) => sum + size, 0);
    assert.is(isLinked, code === undefined, `${used} B for tables of ${sizes()} B`);
    await storage.close();
    await verifySnapshot(SNAPSHOT, env);
  }
});

snapshots('a second place for it holds the same, by links or by copies', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  const info = await storage.snapshot(SNAPSHOT);
  await storage.close();
  assert.equal(await placeSnapshot(SNAPSHOT, 'backup/linked', env), {
    ...info,
    dir: 'backup/linked',
  });
  const noLinks = wrapFileSystem(env.fs, {
    async link(_, to) {
      throw new SystemError('EXDEV', to);
    },
  });
  await placeSnapshot(SNAPSHOT, 'backup/copied', { fs: noLinks });
  for (const dir of ['backup/linked', 'backup/copied']) await verifySnapshot(dir, env);
});

snapshots('a flipped bit in any file of it is named, and nothing is restored', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.snapshot(SNAPSHOT);
  await storage.close();
  const files = await filesBelow(env.fs, SNAPSHOT, '');
  assert.ok(files.length > 5);
  for (const path of files) {
    const whole = env.fs.bytesOf(path);
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 8)) {
      env.fs.plant(path, flipBit(whole.slice(), at, at % 8));
      for (const action of [verifySnapshot(SNAPSHOT, env), restore(env)]) {
        const error = await rejection(action);
        assert.instance(error, CorruptionError);
        assert.is((error as CorruptionError).path, path, `byte ${at}`);
      }
      assert.equal(await env.fs.list('restored'), []);
    }
    env.fs.plant(path, whole);
  }
  await restore(env);
});

const restore = (env: SimEnv) => restoreSnapshot(SNAPSHOT, 'restored', env);

snapshots('a file that is gone or cut short is named', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.snapshot(SNAPSHOT);
  await storage.close();
  const [path] = await filesBelow(env.fs, SNAPSHOT, '.idx');
  const whole = env.fs.bytesOf(path!);
  env.fs.plant(path!, whole.slice(0, -1));
  assert.match((await rejection(restore(env))).message, `${path} is damaged at byte`);
  await env.fs.remove(path!);
  assert.match((await rejection(restore(env))).message, 'expected a file, found none');
});

snapshots('what is no whole snapshot, or no empty directory, is refused', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.snapshot(SNAPSHOT);
  const refusals: [Promise<unknown>, RegExp][] = [
    [storage.snapshot(SNAPSHOT), /one is not empty/],
    [storage.snapshot('data/CURRENT'), /is a file/],
    [restoreSnapshot(SNAPSHOT, 'data', env), /data is not empty/],
    [restoreSnapshot('data', 'restored', env), /data is not a whole snapshot: it has no file/],
    [verifySnapshot('nowhere', env), /nowhere is not a whole snapshot/],
  ];
  for (const [action, message] of refusals) {
    const error = await rejection(action);
    assert.match(error.message, message);
    assert.is(error.code, 'INVALID_ARGUMENT');
  }
  await storage.close();
  assert.throws(() => storage.snapshot('late'), /closed/);
});

snapshots('a table that is gone costs the snapshot that table', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  const [path] = await filesBelow(env.fs, 'data/windows', '.sst');
  await env.fs.remove(path!);
  const { lost } = await storage.snapshot(SNAPSHOT);
  assert.equal(
    lost.map((error) => error.path),
    [path],
  );
  await storage.close();
  await restore(env);
  assert.is((await contentsAt('restored', env)).size, 4);
});

snapshots('a disk that fills up leaves nothing of it behind, and the engine well', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.flush();
  env.fs.onOperation = (_, kind, path) => {
    if (kind === 'append' && path.includes('SNAPSHOT')) throw new SystemError('ENOSPC', path);
  };
  assert.is((await rejection(storage.snapshot(SNAPSHOT))).code, 'ENOSPC');
  env.fs.onOperation = undefined;
  assert.equal(await filesBelow(env.fs, 'data/snapshots', ''), []);
  await storage.snapshot(SNAPSHOT);
  await storage.close();
});

snapshots('a start removes what a cut short one left, and no whole one', async () => {
  const env = createSimEnv();
  const storage = await written(env);
  await storage.snapshot(SNAPSHOT);
  await storage.close();
  await env.fs.makeDir('data/snapshots/half/windows/1/0_1');
  for (const path of ['SNAPSHOT.tmp', 'windows/1/0_1/000009.sst', 'CURRENT']) {
    env.fs.plant(`data/snapshots/half/${path}`, new Uint8Array(1));
  }
  env.fs.plant('data/snapshots/a-file', new Uint8Array(1));
  await (await openStorage('data', env)).close();
  assert.equal(await env.fs.list('data/snapshots'), ['a-file', 'one']);
  await verifySnapshot(SNAPSHOT, env);
});

snapshots.run();
