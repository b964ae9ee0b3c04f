import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  hasSeries,
  hasSeriesWithin,
  runsOf,
  runsWithin,
  seriesCount,
  splitByRuns,
} from '../../../storage/series/series-runs.ts';
import { property } from '../../support/seed.ts';

const runs = suite('storage/series/series-runs');

/** Few enough ids that neighbours occur. */
const idSet = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
  .map((ids) => Uint32Array.from(ids).sort());

runs('neighbours become one run', () => {
  const { starts, ends } = runsOf(Uint32Array.of(1, 2, 3, 7, 9, 10));
  assert.equal([...starts], [1, 7, 9]);
  assert.equal([...ends], [4, 8, 11]);
});

runs('the largest ids are an ordinary run', () => {
  const last = 2 ** 32 - 2;
  const set = runsOf(Uint32Array.of(last - 1, last));
  assert.equal([hasSeries(set, last), hasSeries(set, last - 2)], [true, false]);
  assert.is(seriesCount(set), 2);
});

runs('a set of runs has what the list of ids has', () => {
  const check = (ids: Uint32Array, others: Uint32Array, first: number, width: number) => {
    const set = runsOf(ids);
    const inSet = new Set(ids);
    assert.is(seriesCount(set), ids.length);
    for (let id = 0; id <= 61; id++) assert.is(hasSeries(set, id), inSet.has(id), `id ${id}`);
    const last = first + width;
    const isWithin = (id: number) => id >= first && id <= last;
    assert.is(hasSeriesWithin(set, first, last), ids.some(isWithin));
    const part = runsWithin(set, first, last);
    for (const id of ids) if (isWithin(id)) assert.ok(hasSeries(part, id));
    const { inside, outside } = splitByRuns(others, set);
    assert.equal(
      [...inside],
      [...others].filter((id) => inSet.has(id)),
    );
    assert.equal(
      [...outside],
      [...others].filter((id) => !inSet.has(id)),
    );
  };
  const bound = fc.nat({ max: 61 });
  fc.assert(fc.property(idSet, idSet, bound, bound, check), property(300));
});

runs.run();
