import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IoBudget, type IoRate } from '../../storage/io-budget.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { rejection } from '../support/rejection.ts';

const budget = suite('storage/io-budget');

const MIB = 2 ** 20;

function createBudget(rate: IoRate) {
  const time = createSimClock();
  const { clock, scheduler } = time;
  return { time, io: new IoBudget({ rate, clock, scheduler }) };
}

/** Whether `promise` is settled once all that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  promise.then(done, done);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

budget('lets a second of work pass at once, then as much as comes in', async () => {
  const { time, io } = createBudget(1000);
  await io.take(1500);
  const next = io.take(1000);
  time.advance(499);
  assert.is(await isSettled(next), false);
  time.advance(1);
  assert.is(await isSettled(next), true);
});

budget('lets flushes go ahead and others wait for them', async () => {
  const { time, io } = createBudget(1000);
  io.charge(3000);
  const next = io.take(1);
  time.advance(1999);
  assert.is(await isSettled(next), false);
  time.advance(1);
  assert.is(await isSettled(next), true);
});

budget('takes half of what the disk was seen to take, and never less than 32 MiB/s', () => {
  const { io } = createBudget('auto');
  assert.is(io.bytesPerSecond, 32 * MIB);
  io.measured(200 * MIB, 1000);
  assert.is(io.bytesPerSecond, 100 * MIB);
  io.measured(1000, 1000);
  assert.is(io.bytesPerSecond, 100 * MIB);
});

budget('refuses those who wait when it is closed', async () => {
  const { io } = createBudget(1);
  io.charge(1000);
  const next = rejection(io.take(1));
  io.close();
  assert.match(String(await next), /closing/);
});

budget.run();
