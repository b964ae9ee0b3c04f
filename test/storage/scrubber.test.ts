// A pass over all tables finds what nobody asked for, at the pace that it was given.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CorruptionError, openStorage, type Storage } from '../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { flipBit } from '../support/damage.ts';
import { appendEvents } from '../support/events.ts';
import { appendPoints, labels } from '../support/storage.ts';
import { filesBelow } from '../support/tree.ts';

const scrubber = suite('storage/scrubber');

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WINDOWS = 5;

async function written(env: SimEnv): Promise<void> {
  const storage = await openStorage('data', env);
  for (let window = 0; window < WINDOWS; window++) {
    const timestampMs = window * 10 * HOUR_MS;
    await appendPoints(storage, [{ labels: labels('m', `s${window}`), timestampMs, value: 1 }]);
  }
  await storage.flush();
  await storage.close();
}

interface Scrubbed {
  readonly storage: Storage;
  readonly told: CorruptionError[];
  /** Lets so much time pass, and all that it brings about. */
  pass(ms: number): Promise<void>;
}

async function scrubbed(env: SimEnv, scrubEveryMs: number): Promise<Scrubbed> {
  const told: CorruptionError[] = [];
  const listener = { corruption: (error: Error) => void told.push(error as CorruptionError) };
  const storage = await openStorage('data', env, { scrubEveryMs, listener });
  // The start has tables of its own to look at: for series that no window has any more.
  for (let i = 0; i < 600; i++) await turn();
  return {
    storage,
    told,
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += ms / 100) {
        env.time.advance(ms / 100);
        for (let i = 0; i < 60; i++) await turn();
      }
    },
  };
}

scrubber('every table is read within the time given, and not much sooner', async () => {
  const env = createSimEnv();
  await written(env);
  const { storage, told, pass } = await scrubbed(env, DAY_MS);
  const reads = new Set<string>();
  env.fs.onOperation = (_, kind, path) => void (kind === 'read' && reads.add(path));
  await pass(DAY_MS / 4);
  assert.ok(reads.size >= 1 && reads.size < WINDOWS, `${reads.size} in a quarter`);
  await pass(2 * DAY_MS);
  assert.equal(
    [...reads].sort(),
    [
      ...(await filesBelow(env.fs, 'data/tag-index', '.idx')),
      ...(await filesBelow(env.fs, 'data/windows', '.sst')),
    ].sort(),
  );
  const { bytes, damages, lastPassMs } = storage.stats().scrub;
  assert.ok(bytes > 0);
  assert.is(damages, 0);
  assert.ok(lastPassMs !== undefined && lastPassMs <= env.clock.nowMs());
  assert.is(told.length, 0);
  await storage.close();
});

scrubber('it does not run when it is told not to', async () => {
  const env = createSimEnv();
  await written(env);
  const { storage, pass } = await scrubbed(env, Number.POSITIVE_INFINITY);
  await pass(30 * DAY_MS);
  assert.is(storage.stats().scrub.bytes, 0);
  await storage.close();
});

scrubber('damage that nobody met is told of, once a pass, and the rest is read on', async () => {
  const env = createSimEnv();
  await written(env);
  const [block, footer, gone] = await filesBelow(env.fs, 'data/windows', '.sst');
  const [index] = await filesBelow(env.fs, 'data/tag-index', '.idx');
  const harm = (path: string, at: (size: number) => number) => {
    const bytes = env.fs.bytesOf(path);
    env.fs.plant(path, flipBit(bytes, at(bytes.length)));
  };
  harm(block!, () => 12);
  harm(footer!, (size) => size - 40);
  await env.fs.remove(gone!);
  harm(index!, () => 4);
  const { storage, told, pass } = await scrubbed(env, DAY_MS);
  await pass(2.2 * DAY_MS);
  for (const path of [block, footer, gone, index]) {
    assert.ok(
      told.some((error) => error.path === path),
      `${path} is told of`,
    );
  }
  assert.ok(storage.stats().scrub.damages >= 4);
  assert.is(storage.stats().quarantined, 1, 'the table that cannot be opened');
  assert.equal(await filesBelow(env.fs, 'data', '.damaged'), [`${footer}.damaged`]);
  await storage.close();
});

scrubber('tables of events are read as well, and their damage told of', async () => {
  const env = createSimEnv();
  const fresh = await openStorage('data', env);
  for (const hour of [0, 10, 20]) {
    const timestampMs = hour * HOUR_MS;
    await appendEvents(fresh, [{ labels: labels('log', 'a'), timestampMs, body: 'text' }]);
  }
  await fresh.close();
  const [text, footer, sound] = await filesBelow(env.fs, 'data/windows', '.evt');
  for (const [path, fromEnd] of [[text!, 300] as const, [footer!, 40] as const]) {
    const bytes = env.fs.bytesOf(path);
    env.fs.plant(path, flipBit(bytes, bytes.length - fromEnd));
  }
  const { storage, told, pass } = await scrubbed(env, DAY_MS);
  await pass(2.2 * DAY_MS);
  assert.equal([...new Set(told.map(({ path }) => path))].sort(), [text, footer].sort());
  assert.ok(sound !== undefined);
  assert.equal(await filesBelow(env.fs, 'data', '.damaged'), [`${footer}.damaged`]);
  await storage.close();
});

scrubber('a restart goes on about where the pass was', async () => {
  const env = createSimEnv();
  await written(env);
  const first = await scrubbed(env, DAY_MS);
  const reads: string[] = [];
  const opened = (_: number, kind: string, path: string) => {
    if (kind === 'read' && /sst|idx/.test(path)) reads.push(path);
  };
  await first.storage.close();
  // From midnight on, so that the pass begins with the first file.
  env.time.advance(DAY_MS - (env.clock.nowMs() % DAY_MS));
  let again = await scrubbed(env, DAY_MS);
  env.fs.onOperation = opened;
  await again.pass(DAY_MS / 2);
  env.fs.onOperation = undefined;
  await again.storage.close();
  const before = new Set(reads);
  reads.length = 0;
  again = await scrubbed(env, DAY_MS);
  env.fs.onOperation = opened;
  await again.pass(DAY_MS / 2.2);
  assert.ok(reads.length > 0);
  const twice = [...new Set(reads)].filter((path) => before.has(path));
  assert.ok(twice.length <= 1, `read again: ${twice}`);
  env.fs.onOperation = undefined;
  await again.storage.close();
});

scrubber.run();
