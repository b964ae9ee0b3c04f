// What a restart makes of a log, beyond what the cuts before every operation show.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CorruptionError, openStorage } from '../../storage/index.ts';
import { SystemError } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { appendPoints, contentsOf, labels } from '../support/storage.ts';

const recovery = suite('storage/recovery');

function point(series: string, timestampMs: number, value = 1) {
  return { labels: labels('m', series), timestampMs, value };
}

async function walFiles(env: SimEnv): Promise<string[]> {
  return (await env.fs.list('data/wal')).map((name) => `data/wal/${name}`);
}

// The series record was still in the kernel's memory when the process was killed. The next one
// replayed it, so it wrote no other; then the power was cut, and points that it had acknowledged
// were nobody's.
recovery('makes durable what a killed process left, before it builds upon it', async () => {
  const env = createSimEnv();
  const killed = await openStorage('data', env, { wal: { sync: 'os' } });
  await appendPoints(killed, [point('a', 1)]);
  const next = createSimEnv(env.fs.killClone());
  const storage = await openStorage('data', next);
  await appendPoints(storage, [point('a', 2)]);
  for (let seed = 0; seed < 10; seed++) {
    const found = createSimEnv(next.fs.crashClone(createRng(seed)));
    const [points] = (await contentsOf(await openStorage('data', found))).values();
    assert.equal(
      points?.map(([t]) => t),
      [1, 2],
    );
  }
});

// The id of a series whose record was damaged was given to the next new series, and the points of
// the one became points of the other.
recovery('gives the id of a series whose labels are lost to no other', async () => {
  const env = createSimEnv();
  const writer = await openStorage('data', env);
  await appendPoints(writer, [point('kept', 1)]);
  await appendPoints(writer, [point('lost', 1)]);
  const [path] = await walFiles(env);
  const bytes = env.fs.bytesOf(path!);
  bytes[Buffer.from(bytes).indexOf('lost')]! ^= 0xff;
  env.fs.plant(path!, bytes);

  const damage: Error[] = [];
  const found = createSimEnv(env.fs.killClone());
  const storage = await openStorage('data', found, {
    listener: { corruption: (error) => void damage.push(error as CorruptionError) },
  });
  assert.is(damage.length, 1);
  await appendPoints(storage, [point('other', 9)]);
  await storage.flush();
  const contents = await contentsOf(storage);
  assert.equal(
    contents.get(JSON.stringify(labels('m', 'other')))?.map(([t]) => t),
    [9],
  );
  assert.is(contents.has(JSON.stringify(labels('m', 'kept'))), true);
  await storage.close();
});

// Points that replay had flushed were still in the log; after a drop and a crash they were back.
recovery('flushes the rest when it has flushed a part, so that drops are for good', async () => {
  const env = createSimEnv();
  const writer = await openStorage('data', env);
  for (let i = 0; i < 30; i++) await appendPoints(writer, [point(`s${i % 3}`, i)]);
  const small = { memtable: { bytesMax: 24 * 10 } };
  const found = createSimEnv(env.fs.killClone());
  const storage = await openStorage('data', found, small);
  assert.is(storage.stats().memtable.points, 0);
  await storage.dropWindows(storage.windows().map(({ key }) => key));
  const again = await openStorage('data', createSimEnv(found.fs.killClone()), small);
  assert.is((await contentsOf(again)).size, 0);
  await again.close();
});

recovery('reads on behind a torn end in a segment that is not the last', async () => {
  const env = createSimEnv();
  const writer = await openStorage('data', env);
  await appendPoints(writer, [point('a', 1)]);
  await appendPoints(writer, [point('a', 2)]);
  const second = createSimEnv(env.fs.killClone());
  await appendPoints(await openStorage('data', second), [point('a', 3), point('b', 4)]);
  const [path, next, ...prepared] = await walFiles(second);
  assert.is(second.fs.bytesOf(next!).length > 0, true);
  assert.equal(
    prepared.map((file) => second.fs.bytesOf(file).length),
    [0],
  );
  const bytes = second.fs.bytesOf(path!);
  second.fs.plant(path!, bytes.subarray(0, bytes.length - 5));

  const damage: Error[] = [];
  const storage = await openStorage('data', createSimEnv(second.fs.killClone()), {
    listener: { corruption: (error) => void damage.push(error) },
  });
  assert.is(damage.length, 1, 'it is announced: only the last segment may end in the middle');
  const contents = await contentsOf(storage);
  assert.equal(
    contents.get(JSON.stringify(labels('m', 'a')))?.map(([t]) => t),
    [1, 3],
  );
  assert.is(contents.size, 2);
  await storage.close();
});

recovery(
  'a start that fails anywhere lets go of the directory and can be tried again',
  async () => {
    const env = createSimEnv();
    const writer = await openStorage('data', env);
    for (let i = 0; i < 6; i++) await appendPoints(writer, [point(`s${i % 3}`, i)]);
    const all = await contentsOf(writer);
    const small = { memtable: { bytesMax: 24 * 10 } };
    for (let at = 0, failed = true; failed; at++) {
      const found = createSimEnv(env.fs.killClone());
      failed = false;
      found.fs.onOperation = (operation, _, path) => {
        if (operation !== at) return;
        failed = true;
        throw new SystemError('EIO', path);
      };
      const first = await openStorage('data', found, small).catch(() => undefined);
      found.fs.onOperation = undefined;
      const storage = first ?? (await openStorage('data', found, small));
      assert.equal(await contentsOf(storage), all, `operation ${at}`);
      await storage.close();
    }
  },
);

// A table that no edit mentioned was removed, and its number given to another; then a power cut
// undid the removal. As the number was in use, the file stayed for ever.
recovery('removes a file whose number is in use, but in another window', async () => {
  const env = createSimEnv();
  const writer = await openStorage('data', env);
  await appendPoints(writer, [point('a', 1)]);
  await writer.close();
  const [file] = await env.fs.list('data/windows/1/0_7200000');
  const orphan = `data/windows/1/7200000_14400000/${file}`;
  env.fs.plant(orphan, new Uint8Array(10));
  const storage = await openStorage('data', env);
  assert.is(await env.fs.size(orphan), undefined);
  assert.is((await contentsOf(storage)).size, 1);
  await storage.close();
});

recovery.run();
