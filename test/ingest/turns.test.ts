import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTurns } from '../../ingest/turns.ts';

const turns = suite('ingest/turns');

turns('others have theirs once the own one has lasted 10 ms, and then it begins anew', async () => {
  let nowMs = 5;
  const turn = createTurns(() => nowMs);
  nowMs += 9;
  assert.is(turn(), undefined);
  nowMs += 1;
  let isOthers = false;
  setImmediate(() => {
    isOthers = true;
  });
  await turn();
  assert.ok(isOthers);
  nowMs += 9;
  assert.is(turn(), undefined);
});

turns.run();
