// A disk that is full or fails, under an engine that goes on: what it acknowledged is there, what
// it refused was not acknowledged, and once the disk is well again so is the engine, by itself.

import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toError } from '../../storage/errors.ts';
import {
  openStorage,
  type PolicySet,
  type Storage,
  StorageError,
  type StorageOptions,
} from '../../storage/index.ts';
import { type OperationKind, SystemError } from '../sim/memory-fs.ts';
import { createRng } from '../sim/rng.ts';
import { createSimEnv, type SimEnv } from '../sim/sim-env.ts';
import { rejection } from '../support/rejection.ts';
import { labels } from '../support/storage.ts';
import { type Place, Witness } from '../support/witness.ts';

const hardTimes = suite('crash/hard-times');

const HOUR_MS = 3_600_000;
const POLICIES: PolicySet = {
  policies: [{ name: 'p', keepMs: HOUR_MS, windowMs: HOUR_MS }],
  policyOf: () => 0,
};
const RESERVE_BYTES = 20_000;
const OPTIONS: StorageOptions = {
  memtable: { bytesMax: 24 * 200 },
  reserveBytes: RESERVE_BYTES,
  policies: POLICIES,
};

function places(first: number, count: number, hour = 0): Place[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: labels('m', `series-${first + i}`),
    timestampMs: hour * HOUR_MS + first,
  }));
}

/** What `action` comes to, while time passes in steps of `stepMs`. */
async function settle<Result>(env: SimEnv, action: Promise<Result>): Promise<Result> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  action.then(done, done);
  for (let turns = 0; turns < 400; turns++) {
    if (settled) return action;
    await turn();
    if (turns % 20 === 19) env.time.advance(500);
  }
  throw new Error('something never ends');
}

/** Lets the engine try again, until it takes writes, for at most `withinMs` of its time. */
async function healed(env: SimEnv, storage: Storage, withinMs = 2000): Promise<void> {
  for (let passedMs = 0; passedMs <= withinMs; passedMs += 100) {
    for (let turns = 0; turns < 20; turns++) await turn();
    if (!storage.stats().readOnly) return;
    env.time.advance(100);
  }
  throw new Error(`writes are still refused after ${withinMs} ms`);
}

/** Writes batch after batch until one is refused. */
async function fill(env: SimEnv, storage: Storage, witness: Witness): Promise<StorageError> {
  for (let batch = 0; batch < 500; batch++) {
    try {
      await settle(env, witness.write(storage, places(batch % 40, 30, batch)));
    } catch (error) {
      assert.instance(error, StorageError);
      return error as StorageError;
    }
  }
  throw new Error('the disk was never full');
}

async function checkAll(env: SimEnv, storage: Storage, witness: Witness): Promise<void> {
  await settle(env, witness.check(storage));
  for (const clone of [env.fs.killClone(), env.fs.crashClone(createRng(1))]) {
    const damage: Error[] = [];
    const next = createSimEnv(clone);
    const listener = { corruption: (error: Error) => void damage.push(error) };
    const again = await settle(next, openStorage('data', next, { ...OPTIONS, listener }));
    await settle(next, witness.check(again));
    assert.equal(damage, [], 'a segment that was abandoned is no damage');
    await settle(next, again.close());
  }
}

hardTimes('on a full disk a delete of whole windows makes room', async () => {
  const env = createSimEnv();
  const witness = new Witness(POLICIES);
  const storage = await openStorage('data', env, OPTIONS);
  env.fs.capacityBytes = 150_000;
  await fill(env, storage, witness);
  const { tables } = storage.stats();
  const endMs = storage.windows().at(-1)!.endMs;
  await settle(env, witness.delete(storage, [], { startMs: 0, endMs: endMs / 2 }));
  await healed(env, storage);
  assert.ok(storage.stats().tables < tables, 'tables went without a rewrite');
  await settle(env, witness.write(storage, places(0, 30, 1000)));
  await checkAll(env, storage, witness);
});

hardTimes('a full disk refuses writes, is read and expired, and takes writes again', async () => {
  const env = createSimEnv();
  const witness = new Witness(POLICIES);
  const storage = await openStorage('data', env, OPTIONS);
  env.fs.capacityBytes = 150_000;
  const refusal = await fill(env, storage, witness);
  assert.is(refusal.code, 'UNAVAILABLE');
  assert.match(refusal.message, 'the disk of data is full');
  assert.match(refusal.message, 'free space there');
  for (let i = 0; i < 3; i++) env.time.advance(1000);
  await settle(env, witness.check(storage));
  assert.throws(
    () => storage.resolve([labels('m', 'new')]),
    (error: StorageError) => error.code === 'UNAVAILABLE',
  );
  const windows = storage.windows();
  await settle(env, witness.drop(storage, windows.slice(0, windows.length >> 1)));
  await healed(env, storage);
  await settle(env, witness.write(storage, places(0, 10, 600)));
  assert.is(await env.fs.size('data/RESERVE'), RESERVE_BYTES, 'the reserve is there again');
  await checkAll(env, storage, witness);
  await settle(env, storage.close());
});

hardTimes('an engine starts on a full disk, with or without a reserve', async () => {
  for (const hasReserve of [true, false]) {
    const before = createSimEnv();
    const witness = new Witness(POLICIES);
    const first = await openStorage('data', before, OPTIONS);
    await settle(before, witness.write(first, places(0, 40)));
    await settle(before, witness.flush(first));
    await settle(before, witness.write(first, places(0, 50, 1)));
    const env = createSimEnv(before.fs.killClone());
    if (!hasReserve) await env.fs.remove('data/RESERVE');
    env.fs.capacityBytes = 1;
    const storage = await settle(env, openStorage('data', env, OPTIONS));
    assert.ok(storage.stats().readOnly);
    await settle(env, witness.check(storage));
    const refused = await rejection(settle(env, witness.write(storage, places(0, 1))));
    assert.is(refused.code, 'UNAVAILABLE');
    env.fs.capacityBytes = 10 * RESERVE_BYTES;
    await healed(env, storage);
    await settle(env, witness.write(storage, places(60, 10)));
    await checkAll(env, storage, witness);
    await settle(env, storage.close());
  }
});

const KINDS: OperationKind[] = ['append', 'sync', 'create', 'rename', 'syncDir', 'remove', 'open'];

const CODES: Readonly<Record<string, readonly OperationKind[]>> = {
  EIO: KINDS,
  ENOSPC: KINDS,
  EMFILE: ['create', 'open'],
};

for (const [code, kinds] of Object.entries(CODES)) {
  for (const kind of kinds) {
    hardTimes(`${kind} that fails with ${code}, once or for a while, loses nothing`, async () => {
      for (const at of [0, 3, 9]) {
        for (const times of [1, 20]) await failAndHeal(kind, code, at, times);
      }
    });
  }
}

/** From its `at`th on, `times` operations of one kind fail while an engine is at work. */
async function failAndHeal(
  kind: OperationKind,
  code: string,
  at: number,
  times: number,
): Promise<void> {
  const env = createSimEnv();
  const witness = new Witness(POLICIES);
  const storage = await openStorage('data', env, OPTIONS);
  let seen = 0;
  env.fs.onOperation = (_, found, path) => {
    if (found !== kind) return;
    seen++;
    if (seen > at && seen <= at + times) throw new SystemError(code, path, seen % 50);
  };
  try {
    for (let batch = 0; batch < 12; batch++) {
      await settle(env, witness.write(storage, places(batch * 3, 40, batch % 3))).catch(expected);
      if (batch % 4 === 3) await settle(env, storage.flush()).catch(expected);
    }
    env.fs.onOperation = undefined;
    await healed(env, storage);
    await settle(env, witness.write(storage, places(7, 40, 1)));
    await checkAll(env, storage, witness);
    await settle(env, storage.close());
  } catch (cause) {
    throw new Error(`${times} from ${at}: ${toError(cause).message}`, { cause });
  }
}

function expected(error: unknown): void {
  const isOurs = error instanceof StorageError && error.code !== 'CORRUPTION';
  if (!isOurs && !(error instanceof SystemError)) throw error;
}

hardTimes.run();
