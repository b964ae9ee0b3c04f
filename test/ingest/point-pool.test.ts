import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPointPool } from '../../ingest/point-pool.ts';

const pool = suite('ingest/point-pool');
const MIB = 1024 * 1024;

pool('gives memory that came back to the next one of that size', () => {
  const points = createPointPool(MIB);
  const first = points.take(10_000);
  const second = points.take(10_000);
  assert.is.not(first.memory, second.memory);
  points.release(first);
  const third = points.take(9_000);
  assert.is(third.memory, first.memory);
  assert.equal(
    [third.ids.length, third.values.length, third.timestampsMs.length],
    [9000, 9000, 9000],
  );
  assert.is.not(points.take(9_000).memory, first.memory);
});

pool('its columns do not overlap', () => {
  const points = createPointPool(MIB);
  const used = points.take(5000);
  used.bytes.fill(0xff);
  points.release(used);
  const { ids, timestampsMs, values } = points.take(4001);
  timestampsMs.fill(1);
  values.fill(2);
  ids.fill(3);
  assert.ok(timestampsMs.every((t) => t === 1));
  assert.ok(values.every((value) => value === 2));
});

pool('keeps no more than it may', () => {
  const points = createPointPool(MIB);
  const all = Array.from({ length: 10 }, () => points.take(10_000));
  for (const buffer of all) points.release(buffer);
  const again = new Set(Array.from({ length: 10 }, () => points.take(10_000).memory));
  const kept = all.filter(({ memory }) => again.has(memory));
  assert.is(kept.length, 4);
});

pool('an empty batch takes nothing', () => {
  assert.is(createPointPool(MIB).take(0).memory.byteLength, 0);
});

pool.run();
