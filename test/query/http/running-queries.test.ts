// Queries that last: their deadline, their end from outside, and those that wait behind them.

import { EventEmitter, once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { data, get, stuckStorage, withServer } from '../../support/query-routes.ts';

const running = suite('query/http/running-queries');

running('gives up when the time is over', async () => {
  const storage = await stuckStorage(() => {});
  await withServer(
    async (server) => {
      const { status, body } = await get(server, '/api/v1/query?query=up&timeout=20ms');
      assert.is(status, 503);
      assert.equal(body, {
        status: 'error',
        errorType: 'timeout',
        error: 'query timed out in expression evaluation (limit 0.02s, config key query.timeout)',
      });
    },
    { storage },
  );
});

running('stops a query whose client has gone', async () => {
  const scans = new EventEmitter();
  const started = once(scans, 'scan');
  const storage = await stuckStorage(() => scans.emit('scan'));
  await withServer(
    async (server) => {
      const client = new AbortController();
      const answer = fetch(`${server.url}/api/v1/query?query=up`, { signal: client.signal });
      await started;
      assert.is(server.service.engine.gate.active, 1);
      client.abort();
      await answer.then(
        () => assert.unreachable(),
        () => {},
      );
      while (server.service.engine.gate.active > 0) await new Promise(setImmediate);
      const metrics = await server.registry.metrics();
      assert.match(metrics, /varve_query_requests_total\{kind="instant",outcome="canceled"\} 1/);
    },
    { storage },
  );
});

for (const method of ['POST', 'DELETE']) {
  running(`lists the queries under way, and ends one by ${method}`, async () => {
    const scans = new EventEmitter();
    const started = once(scans, 'scan');
    const storage = await stuckStorage(() => scans.emit('scan'));
    const path = '/api/v1/status/active_queries';
    await withServer(
      async (server) => {
        const answer = get(server, '/api/v1/query?query=sum(up)&timeout=10s');
        await started;
        const id = server.service.engine.active.list()[0]!.id;
        const entry = { id, query: 'sum(up)', start: '1970-01-01T00:04:00.000Z' };
        const progress = { client: '127.0.0.1', phase: 'evaluating', samples: 0 };
        assert.equal(await get(server, path), data([{ ...entry, ...progress }]));
        const killed = await fetch(`${server.url}${path}/${id}`, { method });
        assert.equal(await killed.json(), { status: 'success', data: { killed: id } });
        assert.equal(await answer, {
          status: 499,
          body: {
            status: 'error',
            errorType: 'canceled',
            error: 'query was killed by an administrator',
          },
        });
        assert.equal(await get(server, path), data([]));
        const again = await fetch(`${server.url}${path}/${id}`, { method });
        assert.is(again.status, 404);
        const error = `no active query has the id ${id}`;
        assert.equal(await again.json(), { status: 'error', errorType: 'not_found', error });
      },
      { storage },
    );
  });
}

running('lets a bounded number of queries wait, and refuses the next', async () => {
  const scans = new EventEmitter();
  let count = 0;
  scans.on('scan', () => count++);
  const first = once(scans, 'scan');
  const storage = await stuckStorage(() => scans.emit('scan'));
  await withServer(
    async (server) => {
      const client = new AbortController();
      const ask = () => fetch(`${server.url}/api/v1/query?query=up`, { signal: client.signal });
      const asked = ask().catch(() => {});
      await first;
      const waiting = ask().catch(() => {});
      while (server.service.engine.gate.waiting === 0) await new Promise(setImmediate);
      const refused = await get(server, '/api/v1/query?query=up');
      assert.is(refused.status, 503);
      assert.equal(refused.body, {
        status: 'error',
        errorType: 'unavailable',
        error: '1 queries are waiting already (limit 1, config key query.max_concurrent)',
      });
      assert.is(count, 1);
      client.abort();
      await Promise.all([asked, waiting]);
    },
    { storage, limits: { concurrentMax: 1, queuedMax: 1 } },
  );
});

running.run();
