// That slow bodies are let go of shows in test/e2e/connections.test.ts; here, what stays of others.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchBodies } from '../../../deploy/http/slow-bodies.ts';

const slowBodies = suite('deploy/http/slow-bodies');

const MINUTE_MS = 60_000;
const REQUESTS = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

slowBodies('requests that are answered are let go of before the next look', async () => {
  const refusals = { count: () => {} };
  const watch = watchBodies({ patienceMs: MINUTE_MS, lookEveryMs: MINUTE_MS, refusals });
  const requests: WeakRef<IncomingMessage>[] = [];
  const server = createServer((request, response) => {
    watch.add(request, response);
    requests.push(new WeakRef(request));
    request.resume().once('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let left = REQUESTS; left > 0; left--) {
    await (
      await fetch(url, { method: 'POST', body: 'a', headers: { connection: 'close' } })
    ).text();
  }
  server.close();
  await once(server, 'close');
  // What a weak reference was made for is held until the turn ends.
  await nextTurn();
  collect();
  watch.stop();
  // Node itself may have the last few in its hands.
  const held = requests.filter((request) => request.deref() !== undefined);
  assert.ok(held.length < REQUESTS / 2, `${held.length} of ${REQUESTS} are held`);
});

slowBodies.run();
