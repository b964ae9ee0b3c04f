import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrapFileSystem } from '../../storage/env/wrapper.ts';
import { createFileHandles } from '../../storage/file-handles.ts';
import type { FileSystem } from '../../storage/index.ts';
import { createMemoryFileSystem, SystemError } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { rejection } from '../support/rejection.ts';

const handles = suite('storage/file-handles');

const PATHS = Array.from({ length: 20 }, (_, i) => `data/${String(i).padStart(6, '0')}.sst`);

/** Files of one byte each; counts handles, and has only `limit` of them. */
function counted(limit = Number.POSITIVE_INFINITY) {
  const memory = createMemoryFileSystem();
  for (const [i, path] of PATHS.entries()) memory.plant(path, Uint8Array.of(i));
  const count = { open: 0, most: 0, opened: 0 };
  const demand = (path: string): void => {
    if (count.open >= limit) throw new SystemError('EMFILE', path);
  };
  const fs: FileSystem = wrapFileSystem(memory, {
    async open(path) {
      demand(path);
      count.open++;
      const file = await memory.open(path).catch((error: unknown) => {
        count.open--;
        throw error;
      });
      count.opened++;
      count.most = Math.max(count.most, count.open);
      return {
        size: file.size,
        read: (offset, length) => file.read(offset, length),
        async close() {
          count.open--;
          await file.close();
        },
      };
    },
    async syncDir(path) {
      demand(path);
      await memory.syncDir(path);
    },
  });
  return { fs, memory, count };
}

handles('any number of files is read with a few handles, also all at once', async () => {
  const { fs, count } = counted();
  const cache = createFileHandles(fs, 3);
  const files = await Promise.all(PATHS.map((path) => cache.read(path)));
  const rng = createRng(1);
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const i = rng.below(files.length);
      assert.equal([...(await files[i]!.read(0, 9))], [i]);
    }),
  );
  assert.is(count.most, 3);
  assert.is(cache.open, 3);
});

handles('the one that was not used for longest is closed, and the others stay', async () => {
  const { fs, count } = counted();
  const cache = createFileHandles(fs, 2);
  const [a, b] = await Promise.all([cache.read(PATHS[0]!), cache.read(PATHS[1]!)]);
  await a.read(0, 1);
  await cache.read(PATHS[2]!);
  const before = count.opened;
  await a.read(0, 1);
  assert.is(count.opened, before, 'still open');
  await b.read(0, 1);
  assert.is(count.opened, before + 1, 'opened again');
});

handles('a system without handles gets some back, and the work goes on', async () => {
  const { fs, count } = counted(12);
  const cache = createFileHandles(fs, 100);
  const files = await Promise.all(PATHS.map((path) => cache.read(path)));
  for (const [i, file] of files.entries()) assert.equal([...(await file.read(0, 9))], [i]);
  assert.ok(cache.exhausted > 0);
  assert.ok(cache.max < 12, 'some are left for others');
  while (count.open < 12) await fs.open(PATHS[0]!);
  await cache.fs.syncDir('data');
});

handles('when there is none to give back, the error is the caller’s', async () => {
  const { fs } = counted(0);
  const cache = createFileHandles(fs, 100);
  assert.is((await rejection(cache.read(PATHS[0]!))).code, 'EMFILE');
  assert.is((await rejection(cache.fs.syncDir('data'))).code, 'EMFILE');
});

handles('a file that is forgotten is closed when the last read of it is over', async () => {
  const { fs, memory, count } = counted();
  const cache = createFileHandles(fs, 3);
  const file = await cache.read(PATHS[5]!);
  let goOn = () => {};
  memory.onOperation = (_, kind) =>
    kind === 'read' ? new Promise((resolve) => (goOn = resolve)) : undefined;
  const reading = file.read(0, 1);
  await new Promise(setImmediate);
  await cache.forget(PATHS[5]!);
  assert.is(count.open, 1, 'it is being read');
  goOn();
  assert.equal([...(await reading)], [5]);
  assert.is(count.open, 0);
  assert.is(cache.open, 0);
});

handles('a file that is not there, or that goes away, rejects and takes no place', async () => {
  const { fs, memory, count } = counted();
  const cache = createFileHandles(fs, 1);
  for (const _ of [1, 2, 3]) assert.is((await rejection(cache.read('data/none'))).code, 'ENOENT');
  const file = await cache.read(PATHS[0]!);
  await cache.read(PATHS[1]!);
  await memory.remove(PATHS[0]!);
  assert.is((await rejection(file.read(0, 1))).code, 'ENOENT');
  await cache.read(PATHS[2]!);
  assert.is(count.open, 1);
});

handles.run();
