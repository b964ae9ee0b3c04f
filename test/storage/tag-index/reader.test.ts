import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../../storage/series/labels.ts';
import { createLabelsKeys } from '../../../storage/series/labels-key.ts';
import { falsePositiveRateOf } from '../../../storage/sstable/bloom.ts';
import { flushIndexMemory } from '../../../storage/tag-index/flush.ts';
import { IndexMemory } from '../../../storage/tag-index/memory.ts';
import { labelNames, labelsOf, labelValues } from '../../../storage/tag-index/reader.ts';
import { select } from '../../../storage/tag-index/select.ts';
import type { BuiltIndexTable } from '../../../storage/tag-index/table-builder.ts';
import { createWorkerCompute } from '../../../storage/workers/pool.ts';
import { createIndexLab } from '../../support/index-lab.ts';

const reader = suite('storage/tag-index/reader');

const SERIES = 100_000;
const labelsOfSeries = (i: number): Labels => [
  { name: '__name__', value: `metric_${i % 20}` },
  { name: 'host', value: `host-${Math.floor(i / 20)}` },
  { name: 'zone', value: `zone-${i % 3}` },
];

/** 100,000 series in memory, sealed memory, and tables of three levels. */
async function largeIndex() {
  const lab = createIndexLab(64 * 2 ** 20);
  const limits = { levelZeroTables: 2, levelOneBytes: 400_000, ratio: 4 };
  for (let i = 0; i < SERIES; i++) {
    if (i % 15_000 === 14_999) {
      lab.seal();
      if (i < 80_000) await lab.flush();
      while (await lab.compact(limits, 200_000));
    }
    lab.add(labelsOfSeries(i));
  }
  return lab;
}

const lab = await largeIndex();

reader('100,000 series are found by their labels, wherever they lie', async () => {
  const view = lab.view();
  assert.ok(view.sealed.length > 0 && view.levels.length === 3);
  for (let i = 0; i < SERIES; i += 501) assert.is(await lab.find(labelsOfSeries(i)), i + 1);
});

reader('100,000 series are found by matchers', async () => {
  const view = lab.view();
  const host = await select(view, [[{ name: 'host', type: '=', value: 'host-7' }]]);
  assert.equal(
    [...host],
    Array.from({ length: 20 }, (_, i) => 141 + i),
  );
  const metric = await select(view, [
    [
      { name: '__name__', type: '=~', value: 'metric_3|metric_4' },
      { name: 'zone', type: '!=', value: 'zone-0' },
    ],
  ]);
  const want = Array.from({ length: SERIES }, (_, i) => i)
    .filter((i) => (i % 20 === 3 || i % 20 === 4) && i % 3 !== 0)
    .map((i) => i + 1);
  assert.equal([...metric], want);
  assert.is((await select(view, [[]])).length, SERIES);
  const hosts = await select(view, [[{ name: 'host', type: '=~', value: 'host-.*7' }]]);
  assert.is(hosts.length, 500 * 20);
});

reader('100,000 series have their labels, names and values', async () => {
  const view = lab.view();
  const ids = Uint32Array.from({ length: 2000 }, (_, i) => i * 50 + 1);
  assert.equal(
    await labelsOf(view, ids),
    [...ids].map((id) => labelsOfSeries(id - 1)),
  );
  assert.equal(await labelNames(view), ['__name__', 'host', 'zone']);
  assert.is((await labelValues(view, 'host')).length, SERIES / 20);
});

reader('labels not seen before are told so at once, and nearly always without a read', () => {
  const before = lab.reads;
  const lookups = 10_000;
  let awaited = 0;
  for (let i = 0; i < lookups; i++) {
    const found = lab.find([...labelsOfSeries(i), { name: 'zzz', value: 'new' }]);
    if (found !== 0) awaited++;
  }
  const reads = lab.reads - before;
  assert.ok(reads <= awaited && awaited < lookups / 25, `${awaited} lookups had to read`);
});

reader('an empty index answers', async () => {
  const view = createIndexLab().view();
  assert.equal(await labelsOf(view, Uint32Array.of(1)), [undefined]);
  assert.equal(await labelNames(view), []);
  assert.equal(await labelValues(view, 'host'), []);
  assert.is((await select(view, [[]])).length, 0);
});

for (const bits of [6, 10, 14]) {
  const computed = falsePositiveRateOf(bits);
  reader(
    `${bits} bits a key let ${computed.toPrecision(2)} of new series through to a read`,
    async () => {
      const filtered = createIndexLab(0, bits);
      for (let i = 0; i < 2000; i++) filtered.add(labelsOfSeries(i));
      filtered.seal();
      await filtered.flush();
      const tries = 20_000;
      for (let i = 0; i < tries; i++) assert.is(await filtered.find(labelsOfSeries(2000 + i)), 0);
      // Within four standard deviations of what the formula says.
      const expected = tries * computed;
      assert.ok(
        Math.abs(filtered.reads - expected) < 4 * Math.sqrt(expected) + 4,
        `${filtered.reads} reads`,
      );
    },
  );
}

reader('replaying registrations over an index in memory changes nothing', () => {
  const keys = createLabelsKeys();
  const memory = new IndexMemory();
  for (const i of [1, 2, 3, 2, 3, 4]) memory.add(keys(labelsOfSeries(i)), i);
  assert.equal([...memory.all()], [1, 2, 3, 4]);
  assert.equal([...memory.pair('host', 'host-0')], [1, 2, 3, 4]);
});

reader('a flush on a worker thread makes the table that it makes here', async () => {
  const keys = createLabelsKeys();
  const memory = new IndexMemory();
  for (let i = 1; i <= 500; i++) memory.add(keys(labelsOfSeries(i)), i);
  memory.forget(keys(labelsOfSeries(9)), 9, true);
  memory.forget(keys(labelsOfSeries(10)), 10, false);
  memory.forget(keys(labelsOfSeries(700)), 700, false);
  const compute = createWorkerCompute(1);
  try {
    const input = { data: memory.data(), bloomBitsPerKey: 10 };
    const there = await compute.run<unknown, BuiltIndexTable>('flush-index', input);
    assert.equal(there, flushIndexMemory(input));
  } finally {
    await compute.close();
  }
});

reader.run();
