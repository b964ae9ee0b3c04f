// Data directories that the engine wrote, undamaged: they verify clean, whatever else is going on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectPath, openStorage, StorageError } from '../../../storage/index.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { filesBelow, writeSamples } from '../../support/data-directory.ts';
import { linesOf, oddities, textOf } from '../../support/inspected.ts';
import { rejection } from '../../support/rejection.ts';
import { appendPoints, labels } from '../../support/storage.ts';

const inspect = suite('storage/inspect');

const samples = await writeSamples();

for (const { name, fs } of samples) {
  inspect(`a directory that is ${name} verifies clean, and so does each of its files`, async () => {
    const lines = await linesOf(fs, 'data');
    assert.equal(oddities(lines), []);
    assert.match(lines.at(-1)!.text, /nothing is damaged$/);
    for (const { path, kind } of await filesBelow('data', fs)) {
      if (kind === undefined) continue;
      const ofFile = await linesOf(fs, path);
      assert.equal(oddities(ofFile), [], path);
      assert.match(ofFile.at(-1)!.text, /nothing is damaged$/);
    }
  });
}

inspect('a record that was being written at the end of the log is no damage', async () => {
  const { fs } = samples.find(({ name }) => name === 'killed')!;
  const { path } = (await filesBelow('data', fs)).findLast(({ kind }) => kind === 'wal')!;
  const clone = fs.killClone();
  clone.plant(path, clone.bytesOf(path).slice(0, -20));
  for (const inspected of ['data', path]) {
    const lines = await linesOf(clone, inspected);
    assert.equal(
      oddities(lines).map(({ kind }) => kind),
      ['note'],
    );
    assert.match(textOf(lines), `${path}: torn end`);
  }
});

inspect('leftovers and names that are not ours are told and harm nothing', async () => {
  const clone = samples[0]!.fs.killClone();
  clone.plant('data/notes', Uint8Array.of(1));
  clone.plant('data/windows/notes/x', Uint8Array.of(1));
  clone.plant('data/tag-index/999999.idx', Uint8Array.of(1, 2, 3));
  const lines = await linesOf(clone, 'data');
  assert.match(textOf(lines), 'data/notes: not ours');
  assert.match(textOf(lines), 'data/windows/notes: not ours');
  assert.equal(oddities(lines), [
    {
      kind: 'note',
      text:
        'data/tag-index/999999.idx: left over or not in use yet, 3 B: ' +
        'the manifest does not name it',
    },
  ]);
});

inspect('nothing is written, and no lock is taken', async () => {
  const { fs } = samples.find(({ name }) => name === 'killed')!;
  const clone = fs.killClone();
  const harmless = ['list', 'size', 'open', 'read', 'closeReadable'];
  let open = 0;
  clone.onOperation = (_, kind, path) => {
    if (!harmless.includes(kind)) throw new Error(`${kind} of ${path}`);
    if (kind === 'open') open++;
    if (kind === 'closeReadable') open--;
  };
  await linesOf(clone, 'data');
  for (const { path, kind } of await filesBelow('data', fs)) {
    if (kind !== undefined) await linesOf(clone, path);
    assert.is(open, 0, `${path} is closed again`);
  }
});

inspect(
  'a directory whose owner drops, flushes and rewrites meanwhile is not damaged',
  async () => {
    const env = createSimEnv(samples[0]!.fs.killClone());
    const storage = await openStorage('data', env, samples[0]!.options);
    let step = 0;
    for await (const { kind, text } of inspectPath('data', env, { verify: true })) {
      assert.is.not(kind, 'damage', text);
      if (step++ % 3 !== 0) continue;
      const [window] = storage.windows();
      if (window !== undefined) await storage.dropWindows([window.key]);
      await appendPoints(storage, [{ labels: labels('m', `n${step}`), timestampMs: 0, value: 1 }]);
      await storage.flush();
      await storage.compact();
    }
    await storage.close();
  },
);

inspect('what is not ours is refused in one line', async () => {
  const { fs } = createSimEnv();
  fs.plant('photos/cat.jpg', Uint8Array.of(1, 2, 3));
  fs.plant('photos/empty', new Uint8Array(0));
  for (const path of ['photos', 'photos/cat.jpg', 'photos/empty', 'nothing']) {
    const error = await rejection(linesOf(fs, path));
    assert.instance(error, StorageError);
    assert.is((error as StorageError).code, 'INVALID_ARGUMENT');
    assert.match((error as StorageError).message, new RegExp(`^cannot inspect ${path}: [^\n]+$`));
  }
});

inspect('an empty directory that a server has just made is one of ours', async () => {
  const env = createSimEnv();
  await (await openStorage('data', env)).close();
  const lines = await linesOf(env.fs, 'data');
  assert.equal(oddities(lines), []);
});

inspect.run();
