import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareFloats } from '../../../query/eval/quantile.ts';
import { createSortedWindow, slideSorted } from '../../../query/eval/sorted-window.ts';

const sortedWindow = suite('query/eval/sorted-window');
const SEED = Number(process.env['SEED'] ?? 20_261_122);

const value = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(NaN, -0, 0, Infinity, -Infinity),
);
const moves = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), { maxLength: 60 });

sortedWindow(`holds what a sort of each range gives, to the bit (seed ${SEED})`, () => {
  const values = fc.array(value, { minLength: 200, maxLength: 260 });
  const property = fc.property(values, moves, fc.nat({ max: 120 }), (list, steps, width) => {
    const all = Float64Array.from(list);
    const window = createSortedWindow();
    let [first, end] = [0, width];
    for (const [left, came] of [[0, 0], ...steps] as const) {
      end = Math.min(all.length, end + came);
      first = Math.min(end, first + left);
      const wanted = [...all.slice(first, end).sort()].sort(compareFloats);
      assert.equal([...slideSorted(window, all, first, end)].map(text), wanted.map(text));
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 200 });
});

function text(one: number): string {
  return Object.is(one, -0) ? '-0' : String(one);
}

sortedWindow('jumps to a range that shares nothing with the one before', () => {
  const window = createSortedWindow();
  const values = Float64Array.of(3, 1, 2, 9, 8, 7, 6);
  assert.equal([...slideSorted(window, values, 0, 3)], [1, 2, 3]);
  assert.equal([...slideSorted(window, values, 4, 4)], []);
  assert.equal([...slideSorted(window, values, 5, 7)], [6, 7]);
});

sortedWindow.run();
