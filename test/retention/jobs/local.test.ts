import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startLocalJobs } from '../../../retention/jobs/local.ts';
import { createSimClock } from '../../sim/sim-clock.ts';

const local = suite('retention/jobs/local');

local('sweeps at once, then once per interval, until stopped', async () => {
  const { clock, scheduler, advance } = createSimClock();
  const sweptMs: number[] = [];
  const sweep = async () => void sweptMs.push(clock.monotonicMs());
  const jobs = startLocalJobs({ body: sweep, everyMs: 60_000, scheduler });
  advance(150_000);
  assert.is(jobs.mode, 'local');
  assert.equal(sweptMs, [0, 60_000, 120_000]);
  await jobs.stop();
  advance(600_000);
  assert.is(sweptMs.length, 3);
});

local('a sweep that fails does not end the sweeps', async () => {
  const sim = createSimClock();
  let sweeps = 0;
  const sweep = async () => {
    sweeps++;
    throw new Error('the disk is full');
  };
  const jobs = startLocalJobs({ body: sweep, everyMs: 1000, scheduler: sim.scheduler });
  sim.advance(2000);
  assert.is(sweeps, 3);
  await jobs.stop();
  assert.is(sim.pending, 0);
});

local('stopping waits for the sweep under way', async () => {
  const { scheduler } = createSimClock();
  const events: string[] = [];
  let finish = () => {};
  const sweep = () =>
    new Promise<void>((resolve) => {
      finish = () => {
        events.push('swept');
        resolve();
      };
    });
  const jobs = startLocalJobs({ body: sweep, everyMs: 1000, scheduler });
  const stopped = jobs.stop().then(() => events.push('stopped'));
  finish();
  await stopped;
  assert.equal(events, ['swept', 'stopped']);
});

local.run();
