// Slices against scans: read where they were loaded, and behind a copy as another thread gets it.

import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSlice, openStorage, type SliceReader, type Storage } from '../../storage/index.ts';
import { createSimEnv } from '../sim/sim-env.ts';
import { appendEvents } from '../support/events.ts';
import { contentsOf, EVERYTHING, labels } from '../support/storage.ts';

const slice = suite('storage/slice');
const SEED = Number(process.env['SEED'] ?? 20_261_122);

const STEP_MS = 1000;

async function withStorage(task: (storage: Storage) => Promise<void>): Promise<void> {
  const storage = await openStorage('data', createSimEnv(), {});
  try {
    await task(storage);
  } finally {
    await storage.close();
  }
}

/** A point of each series at each of `steps`; flushed to a table, if wanted. */
async function append(storage: Storage, series: number, steps: number[], value: number) {
  const sets = Array.from({ length: series }, (_, i) => labels('metric', `${100 + i}`));
  const ids = await storage.resolve(sets);
  await storage.append({
    ids: Uint32Array.from(steps.flatMap(() => [...ids])),
    timestampsMs: Float64Array.from(steps.flatMap((step) => [...ids].map(() => step * STEP_MS))),
    values: Float64Array.from(steps.flatMap((step) => [...ids].map((id) => value + step + id))),
  });
}

type Contents = Map<string, [number, bigint][]>;

/** What all slices have, read by `open`. */
async function slicesOf(
  storage: Storage,
  sliceSeries: number,
  open: (one: Awaited<ReturnType<typeof firstSlice>>) => SliceReader,
): Promise<Contents> {
  const found: Contents = new Map();
  const request = { selectors: [[]], ...EVERYTHING, sliceSeries };
  for await (const one of storage.scanSlices(request)) {
    assert.ok(one.labels.length <= sliceSeries);
    const reader = open(one);
    let points = 0;
    for (const [position, ofSeries] of one.labels.entries()) {
      const { timestampsMs, values, shape } = reader.read(position);
      if (shape !== undefined) assert.not(values.some(Number.isNaN));
      if (shape === 'rising') assert.ok(values.every((v, i) => i === 0 || v >= values[i - 1]!));
      const bits = new BigUint64Array(values.slice().buffer);
      const pairs = Array.from(timestampsMs, (t, i): [number, bigint] => [t, bits[i]!]);
      if (pairs.length > 0) found.set(JSON.stringify(ofSeries), pairs);
      points += pairs.length;
    }
    assert.ok(points <= one.pointsMax);
  }
  return found;
}

async function firstSlice(storage: Storage) {
  for await (const one of storage.scanSlices({ selectors: [[]], ...EVERYTHING })) return one;
  throw new Error('there is no slice');
}

const write = fc.record({
  series: fc.integer({ min: 1, max: 12 }),
  steps: fc.uniqueArray(fc.integer({ min: -20, max: 60 }), { minLength: 1, maxLength: 20 }),
  value: fc.integer({ min: 0, max: 9 }),
  flushed: fc.boolean(),
});

slice(`has what a scan has, here and behind a copy (seed ${SEED})`, () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (writes, sliceSeries) =>
        withStorage(async (storage) => {
          for (const { series, steps, value, flushed } of writes) {
            await append(storage, series, steps, value);
            if (flushed) await storage.flush();
          }
          const expected = await contentsOf(storage);
          assert.equal(await slicesOf(storage, sliceSeries, (one) => one.open()), expected);
          const copied = await slicesOf(storage, sliceSeries, (one) =>
            openSlice(structuredClone(one.encode())),
          );
          assert.equal(copied, expected);
        }),
    ),
    { seed: SEED, numRuns: 60 },
  ),
);

slice('decodes once what is asked for again, whoever reads it', () =>
  withStorage(async (storage) => {
    await append(storage, 5, [1, 2, 3, 4], 0);
    await storage.flush();
    const decoded: number[] = [];
    for (let use = 0; use < 3; use++) {
      const one = await firstSlice(storage);
      decoded.push(one.pointsDecoded);
      const reader = openSlice(structuredClone(one.encode()));
      for (const position of one.labels.keys()) {
        assert.is(reader.read(position).shape, use === 0 ? undefined : 'rising');
      }
    }
    assert.equal(decoded, [0, 0, 20]);
  }),
);

slice('comes in even multiples', () =>
  withStorage(async (storage) => {
    await append(storage, 10, [1], 0);
    const widthsOf = async (sliceSeries: number, sliceMultiple: number) => {
      const widths: number[] = [];
      const request = { selectors: [[]], ...EVERYTHING, sliceSeries, sliceMultiple };
      for await (const { labels: found } of storage.scanSlices(request)) widths.push(found.length);
      return widths;
    };
    assert.equal(await widthsOf(9, 1), [5, 5]);
    assert.equal(await widthsOf(100, 3), [4, 4, 2]);
    assert.equal(await widthsOf(4, 2), [3, 3, 3, 1]);
    assert.equal(await widthsOf(100, 16), Array(10).fill(1));
  }),
);

slice('has every event beside points, here and behind a copy', () =>
  withStorage(async (storage) => {
    await append(storage, 3, [1, 2], 0);
    const event = { labels: labels('metric', '101'), timestampMs: 2 * STEP_MS };
    await appendEvents(storage, [
      { ...event, body: 'a' },
      { ...event, body: 'b' },
    ]);
    await storage.flush();
    await appendEvents(storage, [
      { ...event, body: 'b' },
      { ...event, labels: labels('log', '1'), body: 'c' },
    ]);
    const request = { selectors: [[]], ...EVERYTHING, sliceSeries: 2 };
    const seen: unknown[] = [];
    for await (const one of storage.scanSlices(request)) {
      const readers = [one.open(), openSlice(structuredClone(one.encode()))];
      for (const [position, ofSeries] of one.labels.entries()) {
        const [here, there] = readers.map((reader) => {
          const { timestampsMs, isEvents = false } = reader.read(position);
          return [ofSeries![1]!.value, isEvents, [...timestampsMs]];
        });
        assert.equal(here, there);
        seen.push(here);
      }
    }
    assert.equal(seen, [
      ['100', false, [1000, 2000]],
      ['101', true, [1000, 2000, 2000, 2000]],
      ['102', false, [1000, 2000]],
      ['1', true, [2000]],
    ]);
  }),
);

slice('hides what is deleted, here and behind a copy', () =>
  withStorage(async (storage) => {
    await append(storage, 4, [1, 2, 3, 4, 5, 6], 0);
    await storage.flush();
    const selectors = [[{ name: 'series', type: '=~', value: '101|103' } as const]];
    await storage.deletePoints(selectors, { startMs: 2000, endMs: 4000 });
    await storage.deletePoints(selectors, { startMs: 5000, endMs: 6000 });
    const expected = await contentsOf(storage);
    assert.equal(
      [...expected.values()].map((points) => points.length),
      [6, 3, 6, 3],
    );
    assert.equal(await slicesOf(storage, 3, (one) => one.open()), expected);
    const copied = await slicesOf(storage, 3, (one) => openSlice(structuredClone(one.encode())));
    assert.equal(copied, expected);
  }),
);

slice('copies no block to another thread', () =>
  withStorage(async (storage) => {
    await append(storage, 5, [1, 2, 3], 0);
    await storage.flush();
    const { tables } = (await firstSlice(storage)).encode();
    const blocks = tables.flatMap((table) => table.blocks);
    assert.is(blocks.length, 1);
    assert.instance(blocks[0]!.bytes.buffer, SharedArrayBuffer);
  }),
);

for (const [where, flushed] of [
  ['in tables', true],
  ['in memory', false],
] as const) {
  slice(`gives series that share their timestamps the same ones, ${where}`, () =>
    withStorage(async (storage) => {
      await append(storage, 3, [1, 2, 3], 0);
      if (flushed) await storage.flush();
      await append(storage, 3, [4, 5], 0);
      if (flushed) await storage.flush();
      const reader = (await firstSlice(storage)).open();
      const first = reader.read(0).timestampsMs;
      assert.equal([...first], [1000, 2000, 3000, 4000, 5000]);
      assert.ok(reader.read(1).timestampsMs === first);
      assert.ok(reader.read(2).timestampsMs === first);
    }),
  );
}

slice('cuts at the range', () =>
  withStorage(async (storage) => {
    await append(storage, 1, [1, 2, 3, 4, 5], 0);
    await storage.flush();
    const request = { selectors: [[]], startMs: 2000, endMs: 4000 };
    for await (const one of storage.scanSlices(request)) {
      const { timestampsMs, values } = one.open().read(0);
      assert.equal([...timestampsMs], [2000, 3000]);
      assert.equal([...values], [3, 4]);
    }
  }),
);

slice.run();
