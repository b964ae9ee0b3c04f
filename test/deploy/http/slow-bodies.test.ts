// That slow bodies are let go of is shown in test/e2e/connections.test.ts; here, what stays of others.

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

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

slowBodies('a request that is answered is let go of before the next look', async () => {
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
  for (const body of ['one', 'two', 'three']) {
    await (await fetch(url, { method: 'POST', body, headers: { connection: 'close' } })).text();
  }
  server.close();
  await once(server, 'close');
  // What a weak reference was made for is held until the turn ends.
  await nextTurn();
  collect();
  watch.stop();
  assert.equal(
    requests.map((request) => request.deref()),
    [undefined, undefined, undefined],
  );
});

slowBodies.run();
