// What lies in a data directory beside the engine's own files: snapshots, tables put aside, the
// server's id.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStorage } from '../../../storage/index.ts';
import { encodeServerId } from '../../../storage/server-id.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import { flipBit } from '../../support/damage.ts';
import { filesBelow, writeSamples } from '../../support/data-directory.ts';
import { linesOf, oddities, textOf } from '../../support/inspected.ts';

const snapshots = suite('storage/inspect/snapshot');

const samples = await writeSamples();

snapshots('a server id is ours, and its damage is found', async () => {
  const clone = samples[0]!.fs.killClone();
  const whole = new TextEncoder().encode(encodeServerId('3b241101-e2bb-4255-8caf-4136c566a962'));
  clone.plant('data/server-id', whole);
  assert.equal(oddities(await linesOf(clone, 'data')), []);
  for (const at of whole.keys()) {
    clone.plant('data/server-id', flipBit(whole.slice(), at, at % 8));
    const [damaged, ...others] = oddities(await linesOf(clone, 'data'));
    assert.match(damaged?.text ?? '', 'data/server-id is damaged', `byte ${at}`);
    assert.is(others.length, 0);
  }
});

snapshots('a table put aside is told of, and can be looked into', async () => {
  const clone = samples[0]!.fs.killClone();
  const [table] = (await filesBelow('data', clone)).filter(({ kind }) => kind === 'table');
  const path = `${table!.path.replace(/\d+\.sst$/, '999999.sst')}.damaged`;
  clone.plant(path, clone.bytesOf(table!.path).slice(0, -1));
  const [line, ...others] = oddities(await linesOf(clone, 'data'));
  assert.is(line?.kind, 'note');
  assert.match(line?.text ?? '', `${path}: put aside`);
  assert.is(others.length, 0);
  assert.ok(oddities(await linesOf(clone, path)).some(({ kind }) => kind === 'damage'));
});

snapshots('a snapshot is read as one, and every damage to it is found', async () => {
  const { fs } = samples[0]!;
  const env = createSimEnv(fs.killClone());
  const storage = await openStorage('data', env);
  await storage.snapshot('data/snapshots/one');
  await storage.close();
  await env.fs.makeDir('data/snapshots/empty');
  env.fs.plant('data/snapshots/file', Uint8Array.of(1));
  const summary = await linesOf(env.fs, 'data/snapshots/one', false);
  assert.match(summary[0]!.text, /^data\/snapshots\/one: snapshot of \S+, \d+ files, /);
  assert.equal(oddities(await linesOf(env.fs, 'data/snapshots/one')), []);
  const whole = await linesOf(env.fs, 'data');
  assert.match(textOf(oddities(whole)), /^data\/snapshots\/empty is not a whole snapshot/);
  for (const { path } of await filesBelow('data/snapshots/one', env.fs)) {
    const bytes = env.fs.bytesOf(path);
    env.fs.plant(path, flipBit(bytes.slice(), bytes.length >> 1, 3));
    for (const place of ['data/snapshots/one', 'data']) {
      const found = oddities(await linesOf(env.fs, place)).filter(({ kind }) => kind === 'damage');
      assert.is(found.length, 1, place);
      assert.match(found[0]!.text, `${path} is damaged`);
    }
    env.fs.plant(path, bytes);
  }
});

snapshots.run();
