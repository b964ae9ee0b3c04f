import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileSystemContract } from '../contract/file-system.ts';
import { rejection } from '../support/rejection.ts';
import {
  createMemoryFileSystem,
  type MemoryFileSystem,
  PowerCut,
  SystemError,
} from './memory-fs.ts';
import { createRng } from './rng.ts';

fileSystemContract('test/sim/memory-fs: FileSystem', async () => {
  const fs = createMemoryFileSystem();
  await fs.makeDir('data');
  return { fs, dir: 'data' };
});

const memoryFs = suite('test/sim/memory-fs');
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

async function fresh(): Promise<MemoryFileSystem> {
  const fs = createMemoryFileSystem();
  await fs.makeDir('data');
  return fs;
}

/** Every distinct outcome of a crash, as what `look` sees. */
async function outcomes<Seen>(
  fs: MemoryFileSystem,
  look: (found: MemoryFileSystem) => Promise<Seen>,
): Promise<Set<string>> {
  const seen = new Set<string>();
  for (const seed of SEEDS) {
    seen.add(JSON.stringify(await look(fs.crashClone(createRng(seed)))));
  }
  return seen;
}

memoryFs('synced bytes under a synced name survive every crash', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  await file.append([Buffer.from('synced')]);
  await file.sync();
  await fs.syncDir('data');
  await file.append([Buffer.from('-not')]);
  for (const seed of SEEDS) {
    const found = Buffer.from(fs.crashClone(createRng(seed)).bytesOf('data/a')).toString('latin1');
    assert.ok(found.startsWith('synced'), found);
    assert.ok(found.length <= 'synced-not'.length);
  }
});

memoryFs('unsynced bytes survive in part, or torn, or not at all', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  await fs.syncDir('data');
  await file.append([new Uint8Array(2000).fill(7)]);
  const sizes = new Set<number>();
  let torn = 0;
  for (const seed of SEEDS) {
    const found = fs.crashClone(createRng(seed)).bytesOf('data/a');
    sizes.add(found.length);
    const firstBad = found.findIndex((byte) => byte !== 7);
    if (firstBad < 0) continue;
    torn += 1;
    assert.ok(firstBad >= found.length - 512, 'garbage is in the last sector only');
  }
  assert.ok(sizes.size > 50);
  assert.ok(torn > 20 && torn < 180);
});

memoryFs('a name survives surely once its directory is synced, its bytes aside', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  await file.append([Buffer.from('x')]);
  await file.sync();
  assert.equal([...(await outcomes(fs, (found) => found.list('data')))].sort(), ['["a"]', '[]']);
  await fs.syncDir('data');
  assert.equal([...(await outcomes(fs, (found) => found.list('data')))], ['["a"]']);
});

memoryFs('a rename is atomic: one of the two files is found, whole', async () => {
  const fs = await fresh();
  for (const name of ['old', 'new']) {
    const file = await fs.create(`data/${name}`);
    await file.append([Buffer.from(name)]);
    await file.sync();
  }
  await fs.syncDir('data');
  await fs.rename('data/new', 'data/old');
  const seen = await outcomes(fs, async (found) =>
    Buffer.from(found.bytesOf('data/old')).toString(),
  );
  assert.equal([...seen].sort(), ['"new"', '"old"']);
});

memoryFs('a file is lost with the unsynced directory it is in', async () => {
  const fs = await fresh();
  await fs.makeDir('data/sub');
  await (await fs.create('data/sub/a')).sync();
  await fs.syncDir('data/sub');
  const seen = await outcomes(fs, (found) => found.list('data/sub'));
  assert.equal([...seen].sort(), ['["a"]', '[]']);
  await fs.syncDir('data');
  assert.equal([...(await outcomes(fs, (found) => found.list('data/sub')))], ['["a"]']);
});

memoryFs('a removal that was not synced may be undone', async () => {
  const fs = await fresh();
  await fs.create('data/a');
  await fs.syncDir('data');
  await fs.remove('data/a');
  assert.equal([...(await outcomes(fs, (found) => found.list('data')))].sort(), ['["a"]', '[]']);
  await fs.syncDir('data');
  assert.equal([...(await outcomes(fs, (found) => found.list('data')))], ['[]']);
});

memoryFs('a killed process leaves all it wrote, and its locks free', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  await file.append([Buffer.from('written')]);
  assert.ok(await fs.lock('data/LOCK'));
  const found = fs.killClone();
  assert.is(Buffer.from(found.bytesOf('data/a')).toString(), 'written');
  assert.ok(await found.lock('data/LOCK'));
  await file.append([Buffer.from(' more')]);
  assert.is(found.bytesOf('data/a').length, 7, 'the old handle writes to the old world');
});

memoryFs(
  'what was not synced before a kill may still be lost to a power cut after it',
  async () => {
    const fs = await fresh();
    const file = await fs.create('data/a');
    await file.append([Buffer.from('written')]);
    await fs.syncDir('data');
    await fs.create('data/b');
    const killed = fs.killClone();
    assert.equal(await killed.list('data'), ['a', 'b']);
    const sizes = new Set(
      SEEDS.map((seed) => killed.crashClone(createRng(seed)).bytesOf('data/a').length),
    );
    assert.ok(sizes.has(0) && sizes.has(7));
    assert.is((await outcomes(killed, (found) => found.list('data'))).size, 2);
  },
);

memoryFs('a hook sees every operation and can fail one', async () => {
  const fs = await fresh();
  const log: string[] = [];
  fs.onOperation = (index, kind, path) => {
    log.push(`${index} ${kind} ${path}`);
    if (kind === 'sync') throw new SystemError('EIO', path);
  };
  const file = await fs.create('data/a');
  assert.is((await rejection(file.sync())).code, 'EIO');
  await file.append([Buffer.from('x')]);
  await file.close();
  assert.equal(log, [
    '1 create data/a',
    '2 sync data/a',
    '3 append data/a',
    '4 closeWritable data/a',
  ]);
});

memoryFs('an append that fails may have written a part', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  fs.onOperation = (_, kind, path) => {
    if (kind === 'append') throw new SystemError('ENOSPC', path, 3);
  };
  const parts = [Buffer.from('ab'), Buffer.from('cd')];
  assert.is((await rejection(file.append(parts))).code, 'ENOSPC');
  assert.is(Buffer.from(fs.bytesOf('data/a')).toString(), 'abc');
});

memoryFs('after a power cut every call fails', async () => {
  const fs = await fresh();
  const file = await fs.create('data/a');
  fs.onOperation = (_, kind) => {
    if (kind === 'append') throw new PowerCut();
  };
  assert.instance(await rejection(file.append([Buffer.from('x')])), PowerCut);
  fs.onOperation = undefined;
  assert.instance(await rejection(fs.list('data')), PowerCut);
  assert.instance(await rejection(file.close()), PowerCut);
  assert.is(fs.crashClone(createRng(1)).operations, 0);
});

memoryFs.run();
