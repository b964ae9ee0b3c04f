// Two things at once: whatever an owner may ask for, begun at every operation of a flush.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStorage, type PolicySet, type Storage } from '../../storage/index.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { appendPoints, contentsOf, labels } from '../support/storage.ts';

const races = suite('storage/races');

const HOUR_MS = 3_600_000;

function policies(windowMs: number): PolicySet {
  return {
    policies: [{ name: 'p', keepMs: HOUR_MS, windowMs }],
    policyOf: () => 0,
  };
}

function write(storage: Storage, value: number): Promise<void> {
  return appendPoints(
    storage,
    [0, 1, 2].flatMap((series) =>
      [0, 1].map((hour) => ({
        labels: labels('m', `s${series}`),
        timestampMs: hour * HOUR_MS,
        value,
      })),
    ),
  );
}

function valuesIn(contents: ReadonlyMap<string, [number, bigint][]>): Set<number> {
  const bits = BigUint64Array.from([...contents.values()].flat(), ([, value]) => value);
  return new Set(new Float64Array(bits.buffer));
}

/** Begins `action` at each operation of the second flush in turn; `check` looks at the result. */
async function duringFlush(
  action: (storage: Storage) => Promise<unknown>,
  check: (storage: Storage) => Promise<void>,
): Promise<void> {
  for (let at = 0, begun = true; begun; at++) {
    const env = createSimEnv();
    const errors: Error[] = [];
    const storage = await openStorage('data', env, {
      policies: policies(HOUR_MS),
      listener: { backgroundError: (error) => void errors.push(error) },
    });
    await write(storage, 1);
    await storage.flush();
    await write(storage, 2);
    const other = beginAt(env, env.fs.operations + at, () => action(storage));
    await storage.flush();
    begun = other.begun;
    await other.done;
    env.fs.onOperation = undefined;
    assert.equal(errors, [], `operation ${at}`);
    await check(storage);
    await storage.close();
    const again = await openStorage('data', env, { policies: policies(HOUR_MS) });
    await check(again);
    await again.close();
  }
}

function beginAt(env: SimEnv, operation: number, action: () => Promise<unknown>) {
  const state = { begun: false, done: Promise.resolve<unknown>(undefined) };
  env.fs.onOperation = (index) => {
    if (index !== operation) return;
    state.begun = true;
    state.done = action();
  };
  return state;
}

races('policies change during a flush, and no point is lost', () =>
  duringFlush(
    (storage) => storage.setPolicies(policies(4 * HOUR_MS)),
    async (storage) => {
      const contents = await contentsOf(storage);
      assert.equal([...valuesIn(contents)], [2]);
      assert.is([...contents.values()].flat().length, 6);
    },
  ),
);

races('windows are dropped during a flush, and what it brings stays or goes as a whole', () =>
  duringFlush(
    (storage) => storage.dropWindows(storage.windows().map(({ key }) => key)),
    async (storage) => {
      const values = valuesIn(await contentsOf(storage));
      assert.ok(values.size === 0 || (values.size === 1 && values.has(2)), [...values].join());
    },
  ),
);

races('a second flush and a compaction during a flush find their end', () =>
  duringFlush(
    (storage) => Promise.all([storage.flush(), storage.compact()]),
    async (storage) => assert.equal([...valuesIn(await contentsOf(storage))], [2]),
  ),
);

races('writes go on during a flush', () =>
  duringFlush(
    (storage) => write(storage, 2),
    async (storage) => assert.equal([...valuesIn(await contentsOf(storage))], [2]),
  ),
);

races('a close during a flush finishes both', async () => {
  for (let at = 0, begun = true; begun; at++) {
    const env = createSimEnv();
    const storage = await openStorage('data', env);
    await write(storage, 1);
    const other = beginAt(env, env.fs.operations + at, () => storage.close());
    await storage.flush();
    begun = other.begun;
    await other.done;
    env.fs.onOperation = undefined;
    if (!begun) await storage.close();
    assert.is(env.time.pending, 0);
    const again = await openStorage('data', env);
    assert.equal([...valuesIn(await contentsOf(again))], [1], `operation ${at}`);
    assert.is(again.stats().tables, 1);
    await again.close();
  }
});

races.run();
