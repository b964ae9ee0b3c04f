import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Background } from '../../storage/background.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { rejection } from '../support/rejection.ts';

const background = suite('storage/background');

/** A step takes one of `owed`; `failures` steps fail first. */
function lab(state: { owed: number; failures?: number; onIdle?: () => void }) {
  const time = createSimClock();
  const failed: string[] = [];
  const work = new Background({
    scheduler: time.scheduler,
    async step() {
      if ((state.failures ?? 0) > 0) {
        state.failures!--;
        throw new Error('no luck');
      }
      if (state.owed === 0) {
        state.onIdle?.();
        return false;
      }
      state.owed--;
      return true;
    },
    failed: (error) => failed.push(error.message),
  });
  return { time, work, failed };
}

background('works until nothing is owed', async () => {
  const state = { owed: 3 };
  const { work } = lab(state);
  await work.finish();
  assert.is(state.owed, 0);
});

// A kick that came while the last step was finding nothing was answered with the run that was
// about to end: what had been sealed then was not flushed before the next seal, and writers waited.
background('sees what comes up while the last step finds nothing', async () => {
  const state: { owed: number; onIdle?: () => void } = { owed: 0 };
  const { work } = lab(state);
  state.onIdle = () => {
    delete state.onIdle;
    void Promise.resolve().then(() => {
      state.owed = 1;
      work.kick();
    });
  };
  await work.finish();
  assert.is(state.owed, 0);
});

background('tells of a failure and tries again a second later', async () => {
  const state = { owed: 1, failures: 1 };
  const { work, time, failed } = lab(state);
  assert.is((await rejection(work.finish())).message, 'no luck');
  assert.equal(failed, ['no luck']);
  assert.is(state.owed, 1);
  time.advance(1000);
  await work.finish();
  assert.is(state.owed, 0);
  assert.is(time.pending, 0);
});

// A merge that filled the disk led to mending, which led to the merge, and nothing else had a turn.
background('leaves a failed step to the timer, whoever kicks meanwhile', async () => {
  const state = { owed: 1, failures: 3 };
  const { work, time, failed } = lab(state);
  await rejection(work.finish());
  work.kick();
  assert.is(failed.length, 1, 'a kick waits');
  await rejection(work.finish());
  assert.is(failed.length, 2, 'who waits for the end does not');
  time.advance(1000);
  await rejection(work.finish());
  time.advance(1000);
  await work.finish();
  assert.is(state.owed, 0);
});

// It resolved instead, and who asked again as long as something was owed asked for ever.
background('finishes nothing once it is stopped, and says so', async () => {
  const state = { owed: 1, failures: 1 };
  const { work, time } = lab(state);
  await rejection(work.finish());
  await work.stop();
  assert.is(time.pending, 0, 'no retry is left behind');
  assert.is((await rejection(work.finish())).code, 'CLOSED');
  assert.is(state.owed, 1);
});

background.run();
