import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Prediction, predict } from '../../../storage/coding/prediction.ts';
import { createRng } from '../../sim/rng.ts';

const prediction = suite('storage/coding/prediction');

function predicted(x: readonly number[], trend = false): Prediction {
  const into: Prediction = { order: 0, base: 0, slope: 0, magnitude: 0 };
  predict(Float64Array.from(x), x.length, trend, into);
  return into;
}

function series(count: number, value: (i: number) => number): number[] {
  return Array.from({ length: count }, (_, i) => value(i));
}

const rng = createRng(1);
const noise = series(200, () => rng.below(101) - 50);

prediction('takes a level for noise', () => {
  const { order, base, magnitude } = predicted(noise.map((n) => 1000 + n));
  assert.is(order, 0);
  assert.ok(Math.abs(base - 1000) < 25);
  assert.ok(magnitude >= 5 && magnitude <= 7);
});

prediction('takes steps for a walk, around their median whatever resets do', () => {
  let level = 0;
  const counter = noise.map((n, i) => {
    level = i % 70 === 69 ? 0 : level + 1000 + n;
    return level;
  });
  const { order, base, slope } = predicted(counter);
  assert.is(order, 1);
  assert.is(base, counter[0]);
  assert.ok(Math.abs(slope - 1000) < 25);
});

prediction('takes bends for a rate that drifts', () => {
  assert.is(predicted(series(200, (i) => i * i * 50)).order, 2);
});

prediction('takes steps of magnitude 0 for what is regular', () => {
  const times = series(100, (i) => 1_700_000_000_000 + i * 15_000);
  assert.equal(predicted(times, true), {
    order: 1,
    base: times[0],
    slope: 15_000,
    magnitude: 0,
  });
});

prediction('takes a line of whole seconds for timestamps with jitter', () => {
  const times = noise.map((n, i) => 1_700_000_000_000 + i * 15_000 + n);
  const { order, slope } = predicted(times, true);
  assert.equal([order, slope], [0, 15_000]);
});

prediction('needs no more than one point', () => {
  assert.equal(predicted([5]), { order: 1, base: 5, slope: 0, magnitude: 0 });
  assert.equal(predicted([5, 9]), { order: 1, base: 5, slope: 4, magnitude: 0 });
});

prediction.run();
