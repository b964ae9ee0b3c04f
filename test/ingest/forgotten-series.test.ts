// Series that storage forgets while a client has them in its dictionary, or a cache their ids.

import { setImmediate as turn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { openStorage, type Storage } from '../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { startDoorServer } from '../support/door-server.ts';
import { connect, NOW_MS, startIngestServer, type WriteClient } from '../support/ingest-server.ts';
import { contentsOf } from '../support/storage.ts';
import { suite } from '../support/suite.ts';
import { toColumns, toLabels } from '../support/write-requests.ts';

interface Context {
  env: SimEnv;
  storage: Storage;
  client: WriteClient;
  close(): Promise<void>;
}

const forgotten = suite<Context>('ingest/forgotten-series');

forgotten.before.each(async (context) => {
  context.env = createSimEnv();
  context.storage = await openStorage('data', context.env);
  const server = await startIngestServer({ wrap: () => context.storage });
  context.client = connect(server.address);
  context.close = async () => {
    context.client.close();
    await server.close();
    await context.storage.close();
  };
});

forgotten.after.each((context) => context.close());

/** Drops all there is, and lets so much time pass that whatever can be forgotten is. */
async function dropEverything({ env, storage }: Context): Promise<void> {
  await storage.flush();
  await storage.dropWindows(storage.windows().map(({ key }) => key));
  for (let minutes = 0; minutes < 10; minutes++) {
    env.time.advance(60_000);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

async function valuesIn(storage: Storage): Promise<number[]> {
  const bits = [...(await contentsOf(storage)).values()].flat().map(([, value]) => value);
  return [...new Float64Array(BigUint64Array.from(bits).buffer)];
}

forgotten('a series that was forgotten is written again by the same bytes', async (context) => {
  const { client, storage } = context;
  // The second time it comes it is learned, the third time it is expected and has been forgotten.
  for (const value of [1, 2, 3, 4]) {
    if (value > 2) await dropEverything(context);
    const labels = toLabels({ __name__: 'load', host: 'a' });
    const series = [{ labels, timestampsMs: [BigInt(NOW_MS)], values: [value] }];
    assert.is((await client.write({ series })).accepted, 1n);
    assert.equal(await valuesIn(storage), [value]);
    assert.is(storage.seriesCount, 1);
  }
});

for (const [path, bodyOf] of [
  ['/write?precision=ms', (value: number) => `load,host=a value=${value} ${NOW_MS}\n`],
  ['/api/v1/import/prometheus', (value: number) => `load{host="a"} ${value} ${NOW_MS}\n`],
] as const) {
  // Was refused for as long as the door's cache had the id, which nothing took out of it.
  forgotten(`a series that was forgotten is written again at ${path}`, async (context) => {
    const { storage } = context;
    const server = await startDoorServer({ wrap: () => storage });
    // The second time it comes the door expects it, the third time it has been forgotten.
    for (const value of [1, 2, 3]) {
      if (value === 3) await dropEverything(context);
      const { status } = await fetch(server.http + path, { method: 'POST', body: bodyOf(value) });
      assert.ok(status < 300, `${status}`);
      assert.equal(await valuesIn(storage), [value]);
    }
    await server.close();
  });
}

forgotten('a ref is good as long as its stream, and its series with it', async (context) => {
  const { client, storage } = context;
  const definitions = [{ ref: 7, labels: toLabels({ __name__: 'load', host: 'a' }) }];
  const columns = toColumns([{ ref: 7, timestampMs: NOW_MS, value: 1 }]);
  const call = client.writeStream();
  call.send({ definitions, columns });
  await call.ack();
  await dropEverything(context);
  assert.is(storage.seriesCount, 1);
  call.send({ columns: toColumns([{ ref: 7, timestampMs: NOW_MS + 1, value: 2 }]) });
  assert.is((await call.ack()).accepted, 1n);
  assert.equal(await valuesIn(storage), [2]);
  call.stream.end();
  await call.ended();
  await dropEverything(context);
  assert.is(storage.seriesCount, 0);
});

forgotten.run();
