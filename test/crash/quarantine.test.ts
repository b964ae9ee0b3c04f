// A table that cannot be opened costs that table: it is put aside, told of, and the rest served.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError, openStorage, type Storage } from '../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { appendEvents, NEWEST, scanLines } from '../support/events.ts';
import { appendPoints, contentsOf, EVERYTHING, labels } from '../support/storage.ts';
import { filesBelow } from '../support/tree.ts';

const quarantine = suite('crash/quarantine');

const HOUR_MS = 3_600_000;

async function written(env: SimEnv): Promise<void> {
  const storage = await openStorage('data', env);
  for (const hour of [0, 10]) {
    const name = `at-${hour}`;
    await appendPoints(storage, [
      { labels: labels('m', 'both'), timestampMs: hour * HOUR_MS, value: hour },
      { labels: labels('m', name), timestampMs: hour * HOUR_MS, value: hour },
    ]);
    await storage.flush();
  }
  await storage.close();
}

/** Flips a bit of the footer. */
function damage(env: SimEnv, path: string): Uint8Array {
  const bytes = env.fs.bytesOf(path).slice();
  bytes[bytes.length - 40]! ^= 4;
  env.fs.plant(path, bytes);
  return bytes;
}

async function pointsWithWarnings(storage: Storage): Promise<{ points: number; warned: string[] }> {
  const warned: string[] = [];
  const onCorruption = ({ path }: CorruptionError) => void warned.push(path);
  let points = 0;
  const request = { selectors: [[]], ...EVERYTHING, onCorruption };
  for await (const batch of storage.scan(request)) {
    for (const { values } of batch) points += values.length;
  }
  return { points, warned };
}

quarantine('a table of points with a damaged footer is put aside at its first read', async () => {
  const env = createSimEnv();
  await written(env);
  const [path, other] = await filesBelow(env.fs, 'data/windows', '.sst');
  const bytes = damage(env, path!);
  let storage = await openStorage('data', env);
  assert.equal(await pointsWithWarnings(storage), { points: 2, warned: [path] });
  await storage.flush();
  await storage.setPolicies({ policies: storage.policies, policyOf: () => 0 });
  assert.is(storage.stats().quarantined, 1);
  assert.equal(await pointsWithWarnings(storage), { points: 2, warned: [] });
  await storage.close();
  assert.equal(env.fs.bytesOf(`${path}.damaged`), bytes, 'kept as it was found');
  storage = await openStorage('data', env);
  assert.is(storage.stats().tables, 1);
  assert.equal(await pointsWithWarnings(storage), { points: 2, warned: [] });
  await storage.close();
  assert.equal(await filesBelow(env.fs, 'data/windows', '.sst'), [other]);
  assert.equal(await filesBelow(env.fs, 'data/windows', '.damaged'), [`${path}.damaged`]);
});

quarantine('a table of events with a damaged footer is put aside, others are read', async () => {
  const env = createSimEnv();
  const before = await openStorage('data', env);
  for (const hour of [0, 10]) {
    const timestampMs = hour * HOUR_MS;
    await appendEvents(before, [{ labels: labels('log', 'a'), timestampMs, body: `at ${hour}` }]);
    await before.flush();
  }
  await before.close();
  const [path] = await filesBelow(env.fs, 'data/windows', '.evt');
  damage(env, path!);
  const storage = await openStorage('data', env);
  const warned: string[] = [];
  const onCorruption = (error: CorruptionError) => void warned.push(error.path);
  const found = await storage.findEvents({ ...NEWEST, onCorruption });
  assert.equal(
    found.map(({ body }) => Buffer.from(body).toString()),
    ['at 10'],
  );
  assert.equal(warned, [path]);
  await storage.flush();
  await storage.setPolicies({ policies: storage.policies, policyOf: () => 0 });
  assert.is(storage.stats().quarantined, 1);
  assert.is((await scanLines(storage)).length, 1, 'no word of it any more');
  assert.equal(await pointsWithWarnings(storage), { points: 1, warned: [] });
  await storage.close();
  assert.equal(await filesBelow(env.fs, 'data/windows', '.damaged'), [`${path}.damaged`]);
});

quarantine('a crash between the renaming and the edit is made good', async () => {
  const env = createSimEnv();
  await written(env);
  const [path] = await filesBelow(env.fs, 'data/windows', '.sst');
  await env.fs.rename(path!, `${path}.damaged`);
  const storage = await openStorage('data', env);
  assert.equal(await pointsWithWarnings(storage), { points: 2, warned: [path] });
  await storage.close();
  const again = await openStorage('data', env);
  assert.equal(await pointsWithWarnings(again), { points: 2, warned: [] });
  await again.close();
});

quarantine('a table that is gone is told of by every scan, and stays in the manifest', async () => {
  const env = createSimEnv();
  await written(env);
  const [path] = await filesBelow(env.fs, 'data/windows', '.sst');
  await env.fs.remove(path!);
  const storage = await openStorage('data', env);
  for (const _ of [1, 2]) {
    assert.equal(await pointsWithWarnings(storage), { points: 2, warned: [path] });
    assert.is((await storage.series([[]], EVERYTHING)).length, 2, 'listings go on');
  }
  assert.is(storage.stats().tables, 2);
  await storage.close();
});

for (const way of ['damaged', 'gone'] as const) {
  quarantine(`a table of the tag index that is ${way} does not stop the start`, async () => {
    const env = createSimEnv();
    await written(env);
    const [path] = await filesBelow(env.fs, 'data/tag-index', '.idx');
    if (way === 'damaged') damage(env, path!);
    else await env.fs.remove(path!);
    const told: Error[] = [];
    const listener = { corruption: (error: Error) => void told.push(error) };
    let storage = await openStorage('data', env, { listener });
    assert.instance(told[0], CorruptionError);
    assert.is(storage.stats().quarantined, 1);
    const contents = await contentsOf(storage);
    assert.ok(contents.has(JSON.stringify(labels('m', 'at-10'))), 'the rest is served');
    await appendPoints(storage, [{ labels: labels('m', 'both'), timestampMs: 5, value: 5 }]);
    await storage.close();
    storage = await openStorage('data', env);
    assert.is(storage.stats().quarantined, 0, 'it is out of the manifest');
    const [points] = [(await contentsOf(storage)).get(JSON.stringify(labels('m', 'both')))];
    assert.ok(
      points?.some(([timestampMs]) => timestampMs === 5),
      'written to under a new id',
    );
    await storage.close();
  });
}

quarantine.run();
