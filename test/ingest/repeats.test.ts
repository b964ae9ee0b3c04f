import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRepeats } from '../../ingest/repeats.ts';

const repeats = suite('ingest/repeats');

repeats('a thing is told of at once, then once a minute with what came since', () => {
  let nowMs = 0;
  const met = createRepeats(() => nowMs, 10);
  assert.is(met('a', 3), 3);
  assert.is(met('b'), 1);
  nowMs = 59_999;
  assert.is(met('a', 2), 0);
  nowMs = 60_000;
  assert.is(met('a'), 3);
  assert.is(met('a'), 0);
});

repeats('of more things than it remembers nothing is told until some are old', () => {
  let nowMs = 0;
  const met = createRepeats(() => nowMs, 2);
  assert.equal([met('a'), met('b'), met('c'), met('a')], [1, 1, 0, 0]);
  nowMs = 60_000;
  assert.is(met('c'), 1);
});

repeats.run();
