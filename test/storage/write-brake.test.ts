import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WriteBrake } from '../../storage/write-brake.ts';
import { createSimClock } from '../sim/sim-clock.ts';

const brake = suite('storage/write-brake');

function lab() {
  const time = createSimClock();
  let releases = 0;
  const writes = new WriteBrake({
    scheduler: time.scheduler,
    slowDebt: 10,
    stopDebt: 20,
    released: () => {
      releases++;
    },
  });
  return { time, writes, releases: () => releases };
}

brake('holds nobody below its debt', () => {
  const { writes, time } = lab();
  writes.passed(1e9, 9);
  assert.is(writes.isHeld, false);
  assert.is(time.pending, 0);
});

for (const { debt, pauseMs } of [
  { debt: 10, pauseMs: 100 },
  { debt: 15, pauseMs: 200 },
  { debt: 19, pauseMs: 1000 },
  { debt: 99, pauseMs: 1000 },
]) {
  brake(`holds the next write for ${pauseMs} ms after 100,000 points at ${debt}`, () => {
    const { writes, time, releases } = lab();
    writes.passed(100_000, debt);
    time.advance(pauseMs - 1);
    assert.is(writes.isHeld, true);
    time.advance(1);
    assert.is(writes.isHeld, false);
    assert.is(releases(), 1);
  });
}

brake.run();
