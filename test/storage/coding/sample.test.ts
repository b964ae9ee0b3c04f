import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { median, SAMPLE, spread, typicalBits } from '../../../storage/coding/sample.ts';
import { createRng } from '../../sim/rng.ts';

const sample = suite('storage/coding/sample');

sample('finds the median that sorting finds', () => {
  const rng = createRng(1);
  for (let count = 1; count <= SAMPLE; count++) {
    const column = Float64Array.from({ length: count }, () => rng.below(20));
    assert.is(median(column, count), column.slice().sort()[count >>> 1]);
  }
});

sample('tells how far and how many bits values are from a center', () => {
  const column = Float64Array.of(1, 5, 10, -15, 999);
  assert.is(spread(column, 4, 1), (0 + 2 + 3 + 4) / 4);
  assert.is(typicalBits(Float64Array.of(0, 0), 2, 0), 0);
  assert.is(typicalBits(Float64Array.of(0.5, -1.5, 3.5), 3, 0), (1 + 2 + 3) / 3);
});

sample.run();
