// What every FileSystem does, the real one and the one in memory: one suite, run on both.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileSystem } from '../../storage/index.ts';
import { rejection } from '../support/rejection.ts';

/** `setup` gives a file system and an empty directory in it. */
export function fileSystemContract(
  name: string,
  setup: () => Promise<{ fs: FileSystem; dir: string }>,
): void {
  const contract = suite(name);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

  async function write(fs: FileSystem, path: string, content: string): Promise<void> {
    const file = await fs.create(path);
    await file.append([bytes(content)]);
    await file.sync();
    await file.close();
  }

  async function read(fs: FileSystem, path: string): Promise<string> {
    const file = await fs.open(path);
    const content = text(await file.read(0, file.size));
    await file.close();
    return content;
  }

  const codeOf = async (action: Promise<unknown>): Promise<unknown> =>
    (await rejection(action)).code;

  contract('appended parts are read back in order, from any offset', async () => {
    const { fs, dir } = await setup();
    const file = await fs.create(`${dir}/a`);
    await file.append([bytes('one,'), bytes(''), bytes('two,')]);
    await file.append([]);
    await file.append([bytes('three')]);
    await file.sync();
    await file.close();
    const reader = await fs.open(`${dir}/a`);
    assert.is(reader.size, 13);
    assert.is(text(await reader.read(4, 3)), 'two');
    assert.is(text(await reader.read(8, 100)), 'three', 'fewer bytes at the end');
    assert.is((await reader.read(13, 5)).length, 0, 'none beyond it');
    await reader.close();
  });

  contract('a new file fails where one is, and where its directory is not', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/a`, 'kept');
    assert.is(await codeOf(fs.create(`${dir}/a`)), 'EEXIST');
    assert.is(await read(fs, `${dir}/a`), 'kept');
    assert.is(await codeOf(fs.create(`${dir}/absent/a`)), 'ENOENT');
    assert.is(await codeOf(fs.open(`${dir}/absent`)), 'ENOENT');
  });

  contract('directories are made with their parents, and listed in order', async () => {
    const { fs, dir } = await setup();
    await fs.makeDir(`${dir}/x/y`);
    await fs.makeDir(`${dir}/x/y`);
    await write(fs, `${dir}/x/b`, '');
    await write(fs, `${dir}/x/a`, '');
    assert.equal(await fs.list(`${dir}/x`), ['a', 'b', 'y']);
    assert.equal(await fs.list(`${dir}/absent`), []);
  });

  contract('a size is that of a file; directories and absent files have none', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/a`, '12345');
    assert.is(await fs.size(`${dir}/a`), 5);
    assert.is(await fs.size(`${dir}/absent`), undefined);
    assert.is(await fs.size(dir), undefined);
  });

  contract('a rename replaces its target', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/old`, 'old');
    await write(fs, `${dir}/new`, 'new');
    await fs.rename(`${dir}/new`, `${dir}/old`);
    assert.is(await read(fs, `${dir}/old`), 'new');
    assert.equal(await fs.list(dir), ['old']);
    await fs.syncDir(dir);
  });

  contract('a link is a second name of one file', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/a`, 'shared');
    await fs.link(`${dir}/a`, `${dir}/b`);
    await fs.remove(`${dir}/a`);
    assert.is(await read(fs, `${dir}/b`), 'shared');
    await write(fs, `${dir}/c`, '');
    assert.is(await codeOf(fs.link(`${dir}/b`, `${dir}/c`)), 'EEXIST');
  });

  contract('truncation cuts the end off', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/a`, 'kept and cut');
    await fs.truncate(`${dir}/a`, 4);
    assert.is(await read(fs, `${dir}/a`), 'kept');
  });

  contract('an open file outlives its name', async () => {
    const { fs, dir } = await setup();
    await write(fs, `${dir}/a`, 'still here');
    const reader = await fs.open(`${dir}/a`);
    await fs.remove(`${dir}/a`);
    assert.is(text(await reader.read(0, 5)), 'still');
    await reader.close();
    assert.is(await codeOf(fs.remove(`${dir}/a`)), 'ENOENT');
  });

  contract('only empty directories are removed, and others left in peace', async () => {
    const { fs, dir } = await setup();
    await fs.makeDir(`${dir}/full`);
    await write(fs, `${dir}/full/a`, 'kept');
    await fs.makeDir(`${dir}/empty`);
    for (const name of ['full', 'empty', 'absent']) await fs.removeDir(`${dir}/${name}`);
    assert.equal(await fs.list(dir), ['full']);
    assert.is(await read(fs, `${dir}/full/a`), 'kept');
  });

  contract('a lock has one holder at a time', async () => {
    const { fs, dir } = await setup();
    const held = await fs.lock(`${dir}/LOCK`);
    assert.ok(held);
    assert.is(await fs.lock(`${dir}/LOCK`), undefined);
    await held.release();
    const again = await fs.lock(`${dir}/LOCK`);
    assert.ok(again);
    await again.release();
  });

  contract('a lock tells when its file is gone, or another one is in its place', async () => {
    const { fs, dir } = await setup();
    const held = await fs.lock(`${dir}/LOCK`);
    assert.is(await held!.isHeld(), true);
    await fs.rename(`${dir}/LOCK`, `${dir}/elsewhere`);
    assert.is(await held!.isHeld(), false);
    await write(fs, `${dir}/LOCK`, '');
    assert.is(await held!.isHeld(), false);
    await fs.rename(`${dir}/elsewhere`, `${dir}/LOCK`);
    assert.is(await held!.isHeld(), true);
    await held!.release();
  });

  contract.run();
}
