// Events through the engine, held against the naive model.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toError } from '../../../storage/errors.ts';
import {
  type EventSearch,
  type Matcher,
  openStorage,
  type Storage,
} from '../../../storage/index.ts';
import { createRng, type Rng } from '../../sim/rng.ts';
import { createSimEnv } from '../../sim/sim-env.ts';
import {
  ALL_EVENTS,
  appendEvents,
  containing,
  linesOf,
  NEWEST,
  scanLines,
  type TestEvent,
} from '../../support/events.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';
import { appendPoints, contentsOf, EVERYTHING } from '../../support/storage.ts';

const engine = suite('storage/events/engine');

const HOUR_MS = 3_600_000;
const API = [{ name: 'service', value: 'api' }];

const open = (env = createSimEnv(), bytesMax = 2 ** 20): Promise<Storage> =>
  openStorage('data', env, { memtable: { bytesMax } });

engine('an event sent twice is one, and two bodies at one time are two', async () => {
  const storage = await open();
  const events: TestEvent[] = [
    { labels: API, timestampMs: 5, nanos: 7, body: 'b', attributes: [{ name: 'k', value: 'ö' }] },
    { labels: API, timestampMs: 5, nanos: 7, body: 'a' },
    { labels: API, timestampMs: 5, nanos: 6, body: 'b' },
  ];
  await appendEvents(storage, events);
  await appendEvents(storage, events);
  const expected = [
    '[[{"name":"service","value":"api"}],5,6,"b",[]]',
    '[[{"name":"service","value":"api"}],5,7,"a",[]]',
    '[[{"name":"service","value":"api"}],5,7,"b",[{"name":"k","value":"ö"}]]',
  ];
  assert.equal(await scanLines(storage), expected);
  await storage.flush();
  assert.equal(await scanLines(storage), expected);
  await appendEvents(storage, events);
  assert.equal(await scanLines(storage), expected);
  await storage.flush();
  await storage.compact();
  assert.equal(await scanLines(storage), expected);
  assert.is(storage.stats().tablePoints, 3);
  await storage.close();
});

engine('to a scan every event is a point of value 1, whatever place it lies in', async () => {
  const storage = await open();
  const at = (timestampMs: number, nanos: number, body: string): TestEvent => {
    return { labels: API, timestampMs, nanos, body };
  };
  await appendEvents(storage, [at(10, 1, 'a'), at(10, 2, 'a'), at(20, 0, 'x'), at(30, 0, 'x')]);
  await storage.flush();
  await appendEvents(storage, [at(10, 2, 'a'), at(20, 0, 'y'), at(15, 0, 'z')]);
  await storage.flush();
  await appendEvents(storage, [at(30, 0, 'x'), at(10, 2, 'b'), at(40, 0, 'x')]);
  const found = [];
  for await (const batch of storage.scan({ selectors: [[]], ...EVERYTHING })) found.push(...batch);
  assert.is(found.length, 1);
  assert.is(found[0]!.isEvents, true);
  assert.equal([...found[0]!.timestampsMs], [10, 10, 10, 15, 20, 20, 30, 40]);
  assert.ok(found[0]!.values.every((value) => value === 1));
  const without = storage.scan({ selectors: [[]], ...EVERYTHING, withoutEvents: true });
  for await (const batch of without) assert.equal(batch, []);
  await storage.close();
});

engine('a stream that has points too has all of them', async () => {
  const storage = await open();
  await appendPoints(storage, [
    { labels: API, timestampMs: 1, value: 5 },
    { labels: API, timestampMs: 3, value: 6 },
  ]);
  await appendEvents(storage, [{ labels: API, timestampMs: 2, body: 'x' }]);
  const contents = await contentsOf(storage);
  assert.equal(
    contents.get(JSON.stringify(API))!.map(([timestampMs]) => timestampMs),
    [1, 2, 3],
  );
  await storage.close();
});

engine('finding reads no more blocks than it needs', async () => {
  const storage = await open();
  for (let hour = 0; hour < 20; hour++) {
    await appendEvents(storage, [
      { labels: API, timestampMs: hour * 3 * HOUR_MS, body: `hour ${hour}` },
    ]);
  }
  await storage.flush();
  const cost = {
    windows: 0,
    tables: 0,
    tablesSkipped: 0,
    blocksRead: 0,
    bytesRead: 0,
    blocksCached: 0,
  };
  const found = await storage.findEvents({ ...NEWEST, limit: 2, cost });
  assert.equal(
    found.map(({ body }) => Buffer.from(body).toString()),
    ['hour 19', 'hour 18'],
  );
  // Times and text of two of twenty.
  assert.is(cost.blocksRead, 4);
  await storage.close();
});

engine('more bytes than may be found are refused', async () => {
  const storage = await open();
  await appendEvents(storage, [{ labels: API, timestampMs: 1, body: 'x'.repeat(100) }]);
  const refused = await storage.findEvents({ ...NEWEST, bytesMax: 99 }).catch(toError);
  assert.match(String(refused), /more than 99 bytes/);
  await storage.close();
});

engine('a delete hides events at once, and they are gone once tables are merged', async () => {
  const storage = await open();
  const at = (service: string, timestampMs: number): TestEvent => {
    return {
      labels: [{ name: 'service', value: service }],
      timestampMs,
      body: `at ${timestampMs}`,
    };
  };
  const model = createNaiveStorage();
  const api: Matcher = { name: 'service', type: '=', value: 'api' };
  for (const target of [storage, model]) {
    await appendEvents(target, [at('api', 1), at('api', 20), at('db', 20)]);
    await target.flush();
    await appendEvents(target, [at('api', 21), at('api', 30), at('db', 21)]);
    await target.deletePoints([[api]], { startMs: 20, endMs: 30 });
    await appendEvents(target, [at('api', 22)]);
  }
  const same = async () => {
    assert.equal(await scanLines(storage), await scanLines(model));
    assert.equal(
      linesOf(await storage.findEvents(NEWEST)),
      linesOf(await model.findEvents(NEWEST)),
    );
    assert.equal(await contentsOf(storage), await contentsOf(model));
  };
  await same();
  await storage.compact();
  await same();
  await storage.cleanTombstones();
  await same();
  assert.is(storage.stats().tombstones, 0);
  await storage.flush();
  assert.is(storage.stats().tablePoints, 5);
  await storage.close();
});

const STREAMS = 7;
const LEVELS = ['info', 'warn', 'error'];

function randomEvent(rng: Rng): TestEvent {
  const stream = rng.below(STREAMS);
  const isSpread = rng.chance(0.3);
  const timestampMs = isSpread ? rng.below(12) * HOUR_MS - 4 * HOUR_MS : rng.below(50);
  const words = Array.from({ length: rng.below(5) }, () => `w${rng.below(30)}`);
  const body = `${words.join(' ')} id=${rng.below(100)}${rng.chance(0.1) ? '\n' : ''}`;
  return {
    labels: [
      { name: 'level', value: LEVELS[stream % 3]! },
      { name: 'stream', value: `s${stream}` },
    ],
    timestampMs,
    nanos: rng.chance(0.5) ? 0 : rng.below(3),
    body,
    // Whoever sends the same event sends the same attributes.
    attributes: body.length % 3 > 0 ? [] : [{ name: 'trace', value: `t${body.length}` }],
  };
}

function randomSearch(rng: Rng): EventSearch {
  const startMs = rng.chance(0.5) ? -(2 ** 53) : rng.below(60);
  const endMs = rng.chance(0.5) ? 2 ** 53 : startMs + rng.below(3 * HOUR_MS);
  return {
    selectors: rng.chance(0.5) ? [[]] : [[{ name: 'level', type: '=', value: rng.pick(LEVELS) }]],
    start: { ms: startMs, nanos: rng.below(3) },
    end: { ms: endMs, nanos: rng.below(3) },
    direction: rng.pick(['forward', 'backward'] as const),
    limit: rng.pick([1, 5, 100, 10_000]),
    bytesMax: 2 ** 30,
    ...(rng.chance(0.4) && { filter: containing(rng.pick(['w1', 'id=7', 'w2 w', '\n', 'no'])) }),
  };
}

for (const bytesMax of [3000, 2 ** 20]) {
  engine(`answers as the model does, with memtables of ${bytesMax} B`, async () => {
    const rng = createRng(bytesMax);
    const env = createSimEnv();
    const model = createNaiveStorage();
    let storage = await open(env, bytesMax);
    for (let round = 0; round < 40; round++) {
      const events = Array.from({ length: 1 + rng.below(40) }, () => randomEvent(rng));
      for (const target of [storage, model]) await appendEvents(target, events);
      if (rng.chance(0.3)) await storage.flush();
      if (rng.chance(0.1)) await storage.compact();
      if (rng.chance(0.1)) {
        await storage.close();
        storage = await open(env, bytesMax);
      }
      const search = randomSearch(rng);
      assert.equal(
        linesOf(await storage.findEvents(search)),
        linesOf(await model.findEvents(search)),
      );
      assert.equal(await scanLines(storage, search), await scanLines(model, search));
    }
    assert.equal(await scanLines(storage), await scanLines(model, ALL_EVENTS));
    assert.equal(await contentsOf(storage), await contentsOf(model));
    await storage.close();
  });
}

engine.run();
