import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWatchedFile, WATCH_EVERY_MS } from '../../../deploy/config/watched-file.ts';
import { createSimClock } from '../../sim/sim-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const watched = suite('deploy/config/watched-file');

async function setUp() {
  const path = join(await tempDir(), 'varve.yaml');
  let version = 0;
  /** Another length each time: a test is faster than the clock of some file systems. */
  const write = (to = path) => writeFileSync(to, 'x'.repeat(++version));
  write();
  const file = createWatchedFile(path);
  const sim = createSimClock();
  const seen = { changes: 0 };
  const stop = file.watch(sim.scheduler, () => seen.changes++);
  const look = (times: number) => {
    for (let i = 0; i < times; i++) sim.advance(WATCH_EVERY_MS);
    return seen.changes;
  };
  return { path, write, file, sim, stop, look };
}

watched('a change is told once', async () => {
  const { write, look } = await setUp();
  assert.is(look(3), 0);
  write();
  assert.is(look(2), 1);
  assert.is(look(5), 1);
  write();
  assert.is(look(5), 2);
});

watched('a file that goes on being written is left alone until it rests', async () => {
  const { write, look } = await setUp();
  for (let i = 0; i < 5; i++) {
    write();
    assert.is(look(1), 0);
  }
  assert.is(look(1), 1);
});

watched('a change that was read before it was noticed is none', async () => {
  const { write, file, look } = await setUp();
  write();
  look(1);
  file.noteRead();
  assert.is(look(5), 0);
});

watched('another file in its place is a change, none in its place is not', async () => {
  const { path, write, look } = await setUp();
  rmSync(path);
  assert.is(look(3), 0);
  write(`${path}.new`);
  renameSync(`${path}.new`, path);
  assert.is(look(2), 1);
});

// What a save on a full disk leaves would otherwise put every policy back to its default.
watched('an empty file is no change, what is written to it next is', async () => {
  const { path, write, look } = await setUp();
  writeFileSync(path, '');
  assert.is(look(5), 0);
  write();
  assert.is(look(2), 1);
});

watched('what is no file never changes', async () => {
  const dir = await tempDir();
  const sim = createSimClock();
  let changes = 0;
  createWatchedFile(dir).watch(sim.scheduler, () => changes++);
  writeFileSync(join(dir, 'another'), '');
  sim.advance(5 * WATCH_EVERY_MS);
  assert.is(changes, 0);
});

watched('what changed between the first read and the watch is noticed', async () => {
  const { path, write, sim } = await setUp();
  const file = createWatchedFile(path);
  write();
  let changes = 0;
  file.watch(sim.scheduler, () => changes++);
  sim.advance(2 * WATCH_EVERY_MS);
  assert.is(changes, 1);
});

watched('nothing is looked at after the end', async () => {
  const { write, stop, look, sim } = await setUp();
  write();
  stop();
  assert.is(look(3), 0);
  assert.is(sim.pending, 0);
});

watched.run();
