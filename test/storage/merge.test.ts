import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PointColumns } from '../../storage/memtable.ts';
import { mergeRuns } from '../../storage/merge.ts';

const merge = suite('storage/merge');

function run(...points: [number, number][]): PointColumns {
  return {
    timestampsMs: Float64Array.from(points, ([t]) => t),
    values: Float64Array.from(points, ([, v]) => v),
  };
}

function pointsOf({ timestampsMs, values }: PointColumns): [number, number][] {
  return Array.from(timestampsMs, (t, i) => [t, values[i]!]);
}

const cases: { name: string; runs: PointColumns[]; want: [number, number][] }[] = [
  { name: 'no runs make an empty run', runs: [], want: [] },
  { name: 'empty runs are passed over', runs: [run(), run([1, 1]), run()], want: [[1, 1]] },
  {
    name: 'runs that do not overlap are put in time order',
    runs: [run([5, 5], [6, 6]), run([1, 1], [2, 2])],
    want: [
      [1, 1],
      [2, 2],
      [5, 5],
      [6, 6],
    ],
  },
  {
    name: 'the newer run wins at the same time',
    runs: [run([1, 10], [2, 20], [3, 30]), run([2, 21]), run([2, 22], [4, 42])],
    want: [
      [1, 10],
      [2, 22],
      [3, 30],
      [4, 42],
    ],
  },
];

for (const { name, runs, want } of cases) {
  merge(name, () => assert.equal(pointsOf(mergeRuns(runs)), want));
}

merge('agrees with a map that is written oldest run first', () => {
  const anyRun = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(anyRun, { maxLength: 7 }), (times) => {
      const want = new Map<number, number>();
      const runs = times.map((ofRun, age) => {
        const sorted = [...ofRun].sort((a, b) => a - b);
        for (const t of sorted) want.set(t, age * 100 + t);
        return run(...sorted.map((t): [number, number] => [t, age * 100 + t]));
      });
      assert.equal(
        pointsOf(mergeRuns(runs)),
        [...want].sort(([a], [b]) => a - b),
      );
    }),
    { seed: 1 },
  );
});

merge('keeps the bits of a stale marker', () => {
  const stale = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);
  const runs = [run([1, 1], [3, 3]), { timestampsMs: Float64Array.of(2), values: stale }];
  const overlapping = [...runs, run([1, 7])];
  const { values } = mergeRuns(overlapping);
  assert.is(new BigUint64Array(values.buffer, values.byteOffset, 3)[1], 0x7ff0000000000002n);
});

merge.run();
