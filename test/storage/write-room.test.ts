import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WriteRoom } from '../../storage/write-room.ts';
import { createSimClock } from '../sim/sim-clock.ts';
import { rejection } from '../support/rejection.ts';

const room = suite('storage/write-room');

/** A room in which attempts of `size` succeed while `free` lasts; `entered` says who did. */
function lab(waitMsMax = 5000) {
  const time = createSimClock();
  const entered: string[] = [];
  const state = { free: 0 };
  const writes = new WriteRoom(time, waitMsMax);
  const enter = (name: string, size = 1) =>
    writes.enter(() => {
      if (state.free < size) return false;
      state.free -= size;
      entered.push(name);
      return true;
    });
  return { time, entered, state, writes, enter };
}

room('lets in at once whoever finds room', async () => {
  const { state, enter, entered, time } = lab();
  state.free = 1;
  await enter('a');
  assert.equal(entered, ['a']);
  assert.is(time.pending, 0);
});

room('counts the time in which anybody waited, once', async () => {
  const { time, state, enter, writes } = lab();
  const waiting = [enter('a'), enter('b')];
  time.advance(30);
  assert.is(writes.stallMs, 30);
  state.free = 2;
  writes.open();
  await Promise.all(waiting);
  time.advance(100);
  assert.is(writes.stallMs, 30);
});

// Those who waited were woken by promises; whoever called in the turn between went in before them,
// and of two writes of one point the earlier won.
room('lets nobody overtake one who waits', async () => {
  const { state, enter, entered, writes } = lab();
  const first = enter('first', 2);
  const second = enter('second');
  state.free = 1;
  const third = enter('third');
  writes.open();
  assert.equal(entered, [], 'the first needs more than there is');
  state.free = 4;
  writes.open();
  const fourth = enter('fourth', 0);
  await Promise.all([first, second, third, fourth]);
  assert.equal(entered, ['first', 'second', 'third', 'fourth']);
});

// The time began anew whenever there was some room, though not enough.
room('refuses one who has waited for too long, however often there was some room', async () => {
  const { state, enter, entered, writes, time } = lab(1000);
  const large = rejection(enter('large', 9));
  const small = enter('small');
  time.advance(900);
  state.free = 1;
  writes.open();
  time.advance(100);
  assert.is((await large).code, 'RESOURCE_EXHAUSTED');
  await small;
  assert.equal(entered, ['small'], 'who came behind needs less');
  assert.is(time.pending, 0, 'no timer is left behind');
});

room('passes on what an attempt throws, to its caller alone', async () => {
  const { state, enter, entered, writes } = lab();
  let broken = false;
  const failing = rejection(
    writes.enter(() => {
      if (broken) throw new Error('broken');
      return false;
    }),
  );
  const next = enter('next');
  broken = true;
  state.free = 1;
  writes.open();
  assert.is((await failing).message, 'broken');
  await next;
  assert.equal(entered, ['next']);
});

room('turns away those who wait and those who come, once shut', async () => {
  const { state, enter, writes, time } = lab();
  const waiting = rejection(enter('a'));
  writes.shut(new Error('over'));
  state.free = 9;
  assert.is((await waiting).message, 'over');
  assert.is((await rejection(enter('b'))).message, 'over');
  assert.is(time.pending, 0);
});

room.run();
