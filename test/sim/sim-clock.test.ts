import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSimClock } from './sim-clock.ts';

const simClock = suite('test/sim/sim-clock');

simClock('due tasks run in the order of their times, each at its own', () => {
  const { clock, scheduler, advance } = createSimClock(1000);
  const log: string[] = [];
  scheduler.after(20, () => log.push(`b ${clock.nowMs()}`));
  scheduler.after(10, () => {
    log.push(`a ${clock.nowMs()}`);
    scheduler.after(5, () => log.push(`nested ${clock.nowMs()}`));
  });
  scheduler.after(20, () => log.push(`c ${clock.nowMs()}`));
  advance(9);
  assert.equal(log, []);
  advance(11);
  assert.equal(log, ['a 1010', 'nested 1015', 'b 1020', 'c 1020']);
});

simClock('a cancelled task does not run', () => {
  const sim = createSimClock();
  const cancel = sim.scheduler.after(1, () => assert.unreachable());
  assert.is(sim.pending, 1);
  cancel();
  assert.is(sim.pending, 0);
  sim.advance(10);
});

simClock('a jump of the wall clock moves neither monotonic time nor timers', () => {
  const { clock, scheduler, advance, jumpTo } = createSimClock(1000);
  let ran = 0;
  scheduler.after(10, () => {
    ran += 1;
  });
  advance(5);
  jumpTo(0);
  assert.equal([clock.nowMs(), clock.monotonicMs(), ran], [0, 5, 0]);
  advance(5);
  assert.equal([clock.nowMs(), clock.monotonicMs(), ran], [5, 10, 1]);
});

simClock.run();
