import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGate } from '../../query/gate.ts';
import { DEFAULT_LIMITS } from '../../query/limits.ts';

const gate = suite('query/gate');

const limits = { ...DEFAULT_LIMITS, concurrentMax: 1, queuedMax: 2 };

/** A task that ends when it is told to. */
function held(): { task: () => Promise<void>; end: () => void } {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { task: () => ended, end };
}

gate('runs as many as it may, and the others in their order', async () => {
  const { signal } = new AbortController();
  const one = createGate(limits);
  const order: string[] = [];
  const [a, b] = [held(), held()];
  const runs = [
    one.run(signal, () => a.task().then(() => order.push('a'))),
    one.run(signal, () => b.task().then(() => order.push('b'))),
    one.run(signal, async () => order.push('c')),
  ];
  assert.equal([one.active, one.waiting], [1, 2]);
  b.end();
  a.end();
  await Promise.all(runs);
  assert.equal(order, ['a', 'b', 'c']);
  assert.equal([one.active, one.waiting], [0, 0]);
});

gate('refuses when too many wait', async () => {
  const { signal } = new AbortController();
  const one = createGate(limits);
  const first = held();
  const runs = [0, 1, 2].map(() => one.run(signal, first.task));
  const message = '2 queries are waiting already (limit 1, config key query.max_concurrent)';
  await one
    .run(signal, async () => {})
    .then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.message, message),
    );
  first.end();
  await Promise.all(runs);
});

gate('gives the place on when a task fails', async () => {
  const { signal } = new AbortController();
  const one = createGate(limits);
  const failing = one.run(signal, () => Promise.reject(new Error('no')));
  const next = one.run(signal, async () => 'done');
  await failing.catch(() => {});
  assert.is(await next, 'done');
  assert.is(one.active, 0);
});

gate('lets go of one that gives up while it waits', async () => {
  const one = createGate(limits);
  const first = held();
  const running = one.run(new AbortController().signal, first.task);
  const impatient = new AbortController();
  const waiting = one.run(impatient.signal, async () => assert.unreachable());
  impatient.abort(new Error('gone'));
  await waiting.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'gone'),
  );
  assert.is(one.waiting, 0);
  first.end();
  await running;
  assert.is(one.active, 0);
});

gate.run();
