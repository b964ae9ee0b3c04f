import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/errors.ts';
import { chunksOf, decodeChunk } from '../../../storage/sstable/block.ts';
import type { TableSummary } from '../../../storage/sstable/format.ts';
import { openTable, type Table } from '../../../storage/sstable/reader.ts';
import { createTableBuilder } from '../../../storage/sstable/writer.ts';
import { anyBits, metricLike, sameBits } from '../../support/bits.ts';
import { flipBit } from '../../support/damage.ts';
import { joinBytes, memoryFile } from '../../support/memory-file.ts';
import { property } from '../../support/seed.ts';

const table = suite('storage/sstable');
const WINDOW_MS = 7_200_000;

interface Points {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

function build(series: ReadonlyMap<number, Points>): { bytes: Uint8Array; summary: TableSummary } {
  const builder = createTableBuilder({ policyId: 3, windowStartMs: 0, windowEndMs: WINDOW_MS });
  const parts: Uint8Array[] = [];
  for (const [id, { timestampsMs, values }] of series) {
    builder.add(id, timestampsMs, values, 0, values.length);
    parts.push(...builder.drain());
  }
  const summary = builder.finish();
  parts.push(...builder.drain());
  return { bytes: joinBytes(parts), summary };
}

function times(count: number, stepMs = 10): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => i * stepMs);
}

/** Everything a table has, read the way a scan does. */
async function readAll(opened: Table): Promise<Map<number, Points>> {
  const found = new Map<number, Points>();
  const ids = await opened.seriesIds();
  for (const b of opened.blocksFor(ids, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
    const block = await opened.readBlock(b);
    for (const id of ids) {
      const { from, to } = chunksOf(block, id);
      for (let chunk = from; chunk < to; chunk++) {
        const points = decodeChunk(block, chunk);
        const before = found.get(id);
        found.set(id, before === undefined ? points : concat(before, points));
      }
    }
  }
  return found;
}

function concat(a: Points, b: Points): Points {
  return {
    timestampsMs: Float64Array.of(...a.timestampsMs, ...b.timestampsMs),
    values: new Float64Array(joinBytes([bytesOf(a.values), bytesOf(b.values)]).buffer),
  };
}

function bytesOf(column: Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

function samePoints(actual: Map<number, Points>, expected: ReadonlyMap<number, Points>): void {
  assert.equal([...actual.keys()], [...expected.keys()]);
  for (const [id, points] of expected) {
    sameBits(actual.get(id)!.timestampsMs, points.timestampsMs, `timestamps of ${id}`);
    sameBits(actual.get(id)!.values, points.values, `values of ${id}`);
  }
}

function sines(seriesCount: number, count: number): Map<number, Points> {
  const series = new Map<number, Points>();
  for (let id = 1; id <= seriesCount; id++) {
    const values = Float64Array.from({ length: count }, (_, i) => Math.sin(id * 1000 + i));
    series.set(id * 3, { timestampsMs: times(count), values });
  }
  return series;
}

table('returns the points of every series bit for bit', async () => {
  const anySeries = fc.array(fc.oneof(anyBits, metricLike), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(anySeries, fc.integer({ min: 1, max: 1000 }), async (columns, gap) => {
      const series = new Map(
        columns.map((values, k) => [
          1 + k * gap,
          { timestampsMs: times(values.length), values } satisfies Points,
        ]),
      );
      const { bytes, summary } = build(series);
      const opened = await openTable(memoryFile(bytes), 'test.sst');
      assert.equal(opened.summary, summary);
      samePoints(await readAll(opened), series);
    }),
    property(60),
  );
});

table('summarizes what it holds', () => {
  const { bytes, summary } = build(sines(5, 100));
  assert.equal(summary, {
    policyId: 3,
    windowStartMs: 0,
    windowEndMs: WINDOW_MS,
    sizeBytes: bytes.length,
    minTimestampMs: 0,
    maxTimestampMs: 990,
    firstSeries: 3,
    lastSeries: 15,
    seriesCount: 5,
    pointCount: 500,
  });
});

table('splits a series that is longer than a block over several', async () => {
  const count = 100_000;
  const values = Float64Array.from({ length: count }, (_, i) => Math.sin(i));
  const series = new Map([[7, { timestampsMs: times(count), values }]]);
  const opened = await openTable(memoryFile(build(series).bytes), 'test.sst');
  assert.ok(opened.blocks.length > 3);
  samePoints(await readAll(opened), series);
});

table('reads one series from one small block', async () => {
  const opened = await openTable(memoryFile(build(sines(200, 720)).bytes), 'test.sst');
  const blocks = opened.blocksFor(Uint32Array.of(300), 0, WINDOW_MS);
  assert.is(blocks.length, 1);
  assert.ok(opened.blocks[blocks[0]!]!.handle.size <= 64 << 10);
});

table('offers no block outside the range of time or of series', async () => {
  const opened = await openTable(memoryFile(build(sines(20, 100)).bytes), 'test.sst');
  assert.equal(opened.blocksFor(Uint32Array.of(3), 991, 2000), []);
  assert.equal(opened.blocksFor(Uint32Array.of(3), 990, 991), [0]);
  assert.equal(opened.blocksFor(Uint32Array.of(3), -10, 0), []);
  assert.equal(opened.blocksFor(Uint32Array.of(1, 2, 61), 0, 2000), []);
  assert.equal(opened.blocksFor(new Uint32Array(0), 0, 2000), []);
});

table('finds every byte that was changed, or the answer does not depend on it', async () => {
  const series = new Map([...sines(3, 40), ...sines(3, 40)]);
  const { bytes } = build(series);
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [0, 7]) {
      const outcome = await readDamaged(flipBit(bytes.slice(), at, bit));
      assert.instance(outcome, CorruptionError, `byte ${at} of ${bytes.length}`);
      assert.is((outcome as CorruptionError).path, 'damaged.sst');
    }
  }
});

table('finds that a file was cut off', async () => {
  const { bytes } = build(sines(3, 40));
  for (let length = 0; length < bytes.length; length += 7) {
    assert.instance(await readDamaged(bytes.slice(0, length)), CorruptionError);
  }
});

async function readDamaged(bytes: Uint8Array): Promise<unknown> {
  try {
    return await readAll(await openTable(memoryFile(bytes), 'damaged.sst'));
  } catch (error) {
    return error;
  }
}

table.run();
