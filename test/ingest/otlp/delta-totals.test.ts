import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createDeltaTotals } from '../../../ingest/otlp/delta-totals.ts';

const totals = suite('ingest/otlp/delta-totals');

const IDLE_MS = 1000;

function start(seriesMax = 10) {
  let nowMs = 0;
  const deltas = createDeltaTotals({ seriesMax, idleMs: IDLE_MS, monotonicMs: () => nowMs });
  return {
    add: deltas.add,
    wait(ms: number) {
      nowMs += ms;
    },
  };
}

totals('grow by each change, once', () => {
  const { add } = start();
  assert.equal([add(1, 10, 2), add(1, 20, 3), add(1, 20, 3), add(2, 20, 1)], [2, 5, 5, 1]);
  assert.is(add(1, 10, 2), 'late_delta');
  assert.is(add(1, 21, 0.5), 5.5);
});

totals('are bounded, and go on for those that are in', () => {
  const { add } = start(2);
  add(1, 10, 1);
  add(2, 10, 1);
  assert.is(add(3, 10, 1), 'delta_limit');
  assert.is(add(2, 20, 1), 2);
});

totals('are forgotten when no change comes for long', () => {
  const { add, wait } = start(2);
  add(1, 10, 1);
  add(2, 10, 1);
  for (let i = 1; i <= 3; i++) {
    wait(IDLE_MS);
    assert.is(add(2, 10 + i, 1), 1 + i);
  }
  assert.is(add(3, 10, 1), 1);
  assert.is(add(1, 50, 1), 'delta_limit');
});

totals.run();
