import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tombstone } from '../../../storage/manifest/edit.ts';
import type { PointColumns } from '../../../storage/memtable.ts';
import { runsOf } from '../../../storage/series/series-runs.ts';
import {
  pushVisible,
  rangesHiding,
  spans,
  tombstonesOver,
} from '../../../storage/tombstones/hidden.ts';
import { tableMeta } from '../../support/manifest.ts';
import { property } from '../../support/seed.ts';

const hidden = suite('storage/tombstones/hidden');

function tombstone(sequence: number, startMs: number, endMs: number, ids: number[]): Tombstone {
  return { sequence, startMs, endMs, series: runsOf(Uint32Array.from(ids)) };
}

/** Of series 10 .. 20, times 100 .. 200 and sequence 5. */
const TABLE = tableMeta(8, {
  firstSeries: 10,
  lastSeries: 20,
  minTimestampMs: 100,
  maxTimestampMs: 200,
  sequence: 5,
});

const CASES: readonly (readonly [string, Tombstone, boolean])[] = [
  ['one that is older than the table', tombstone(4, 0, 1000, [15]), false],
  ['one that is newer', tombstone(6, 0, 1000, [15]), true],
  ['one that was applied to it', tombstone(7, 0, 1000, [15]), true],
  ['one that ends with its first point', tombstone(9, 0, 100, [15]), false],
  ['one that has its first point alone', tombstone(9, 100, 101, [15]), true],
  ['one that has its last point alone', tombstone(9, 200, 201, [15]), true],
  ['one that begins after its last point', tombstone(9, 201, 300, [15]), false],
  ['one of series below and above', tombstone(9, 0, 1000, [9, 21]), false],
  ['one of its last series', tombstone(9, 0, 1000, [20]), true],
];

for (const [name, candidate, isOver] of CASES) {
  hidden(`${name} ${isOver ? 'may hide' : 'hides no'} points`, () => {
    const tombstones = new Map([[candidate.sequence, candidate]]);
    const found = tombstonesOver({ tombstones, cleaned: new Map() }, TABLE);
    assert.equal(found, isOver ? [candidate] : []);
  });
}

hidden('a table that was cleaned is not looked at for what was applied', () => {
  const tombstones = new Map([6, 7, 8].map((n) => [n, tombstone(n, 0, 1000, [15])]));
  const found = tombstonesOver({ tombstones, cleaned: new Map([[TABLE.number, 7]]) }, TABLE);
  assert.equal(
    found.map(({ sequence }) => sequence),
    [8],
  );
});

hidden('a range asked for narrows the choice', () => {
  const tombstones = new Map([[6, tombstone(6, 0, 150, [15])]]);
  const over = (startMs: number, endMs: number) =>
    tombstonesOver({ tombstones, cleaned: new Map() }, TABLE, { startMs, endMs }).length;
  assert.equal([over(149, 300), over(150, 300)], [1, 0]);
});

hidden('a range spans a table when it has its last point too', () => {
  assert.ok(spans({ startMs: 100, endMs: 201 }, TABLE));
  assert.not(spans({ startMs: 100, endMs: 200 }, TABLE));
  assert.not(spans({ startMs: 101, endMs: 300 }, TABLE));
});

hidden('ranges of a series are put together, others are left out', () => {
  const tombstones = [
    tombstone(1, 50, 60, [1]),
    tombstone(2, 0, 10, [1, 2]),
    tombstone(3, 10, 20, [1]),
    tombstone(4, 5, 8, [1]),
    tombstone(5, 30, 40, [2]),
  ];
  const ranges = rangesHiding(tombstones, 1).map(({ startMs, endMs }) => [startMs, endMs]);
  assert.equal(ranges, [
    [0, 20],
    [50, 60],
  ]);
  assert.is(rangesHiding(tombstones, 3).length, 0);
});

hidden('what is left of columns is what no range has, in order', () => {
  const time = fc.integer({ min: -5, max: 45 });
  const range = fc.tuple(time, time).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const check = (
    times: number[],
    [startMs, endMs]: readonly [number, number],
    hiddenRanges: (readonly [number, number])[],
  ) => {
    const timestampsMs = Float64Array.from(times).sort();
    const columns = { timestampsMs, values: timestampsMs.map((t) => t * 10) };
    const tombstones = hiddenRanges.map(([from, to], i) => tombstone(i, from, to, [1]));
    const runs: PointColumns[] = [];
    pushVisible(runs, columns, { startMs, endMs }, rangesHiding(tombstones, 1));
    const want = [...timestampsMs].filter(
      (t) => t >= startMs && t < endMs && !hiddenRanges.some(([from, to]) => t >= from && t < to),
    );
    assert.equal(
      runs.flatMap((run) => [...run.timestampsMs]),
      want,
    );
    assert.equal(
      runs.flatMap((run) => [...run.values]),
      want.map((t) => t * 10),
    );
    assert.ok(runs.every((run) => run.values.length > 0));
  };
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
  fc.assert(fc.property(times, range, fc.array(range, { maxLength: 5 }), check), property(500));
});

hidden.run();
