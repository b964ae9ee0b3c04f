import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sortNewestWins } from '../../storage/newest-wins.ts';
import { property } from '../support/seed.ts';

const newestWins = suite('storage/newest-wins');

/** Values are the positions of writing. */
function sorted(timestampsMs: readonly number[]): [number, number][] {
  const times = Float64Array.from(timestampsMs);
  const values = Float64Array.from(times, (_, i) => i);
  const kept = sortNewestWins(times, values, times.length);
  return Array.from({ length: kept }, (_, i) => [times[i]!, values[i]!]);
}

newestWins('leaves what is in order as it is', () => {
  assert.equal(sorted([-5, 0, 7]), [
    [-5, 0],
    [0, 1],
    [7, 2],
  ]);
  assert.equal(sorted([]), []);
});

newestWins('sorts by time and keeps the last of equals', () => {
  assert.equal(sorted([3, 1, 3, 2, 1, 3]), [
    [1, 4],
    [2, 3],
    [3, 5],
  ]);
});

newestWins('tells neighbours at the ends of time apart', () => {
  assert.equal(sorted([2 ** 53, 2 ** 53 - 1, -(2 ** 53), -(2 ** 53)]), [
    [-(2 ** 53), 3],
    [2 ** 53 - 1, 1],
    [2 ** 53, 0],
  ]);
});

newestWins('agrees with a map that is written in order', () => {
  const times = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 60 });
  fc.assert(
    fc.property(times, (timestampsMs) => {
      const model = new Map(timestampsMs.map((timestampMs, i) => [timestampMs, i]));
      const want = [...model].sort((a, b) => a[0] - b[0]);
      assert.equal(sorted(timestampsMs), want);
    }),
    property(300),
  );
});

newestWins.run();
