import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendChunk, createChunkWriter, resetChunkWriter } from '../../../storage/coding/chunk.ts';
import { type Block, encodeBlock, openBlock } from '../../../storage/sstable/block.ts';
import {
  decodedBytes,
  NUMBERS,
  openDecoded,
  RISING,
  UNKNOWN,
} from '../../../storage/sstable/decoded-block.ts';
import {
  keepDecoded,
  openPoints,
  type PointBlock,
  pointsOf,
} from '../../../storage/sstable/point-block.ts';
import { anyBits, metricLike, sameBits } from '../../support/bits.ts';
import { property } from '../../support/seed.ts';

const pointBlock = suite('storage/sstable/point-block');

function blockOf(columns: readonly Float64Array[]): Block {
  const writer = createChunkWriter();
  resetChunkWriter(writer);
  for (const [k, values] of columns.entries()) {
    // Every third column has timestamps of its own.
    const stepMs = k % 3 === 2 ? k : 10;
    appendChunk(writer, k + 1, values.map((_, i) => i * stepMs) as Float64Array, values);
  }
  return openBlock(encodeBlock(writer), 'test', 0);
}

/** What a reader gets of points [first, end). */
function read(points: PointBlock, chunk: number, first: number, end: number) {
  const values = new Float64Array(end - first);
  const known = points.readValues(chunk, first, end, values);
  return { values, known };
}

pointBlock('reads the same bits decoded each time, kept decoded, and behind a copy', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyBits, metricLike), { minLength: 1, maxLength: 7 }),
      (columns) => {
        const block = blockOf(columns);
        const kept = keepDecoded(block);
        const readers = [pointsOf(block), kept, openPoints(structuredClone(kept.content)), kept];
        for (const points of readers) {
          assert.equal([...points.ids], [...block.ids]);
          assert.equal(
            [...points.counts],
            columns.map(({ length }) => length),
          );
          for (const [chunk, values] of columns.entries()) {
            sameBits(points.timesOf(chunk), pointsOf(block).timesOf(chunk), 'timestamps');
            const [first, end] = [values.length >> 2, values.length - (values.length >> 3)];
            const part = read(points, chunk, first, end);
            sameBits(part.values, values.slice(first, end));
            const whole = read(points, chunk, 0, values.length);
            sameBits(whole.values, values);
            if (whole.known >= NUMBERS) assert.not(values.some(Number.isNaN));
            if (whole.known === RISING)
              assert.ok(values.every((v, i) => i === 0 || v >= values[i - 1]!));
          }
        }
      },
    ),
    property(100),
  );
});

pointBlock('knows what it has decoded', () => {
  const columns = [
    [1, 2, 2, 5],
    [1, 2, 1, 5],
    [1, Number.NaN, 3, 4],
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  ].map((values) => Float64Array.from(values));
  const kept = keepDecoded(blockOf(columns));
  const known = columns.map((values, chunk) => {
    assert.not(kept.isDecoded(chunk));
    const result = read(kept, chunk, 0, values.length).known;
    assert.ok(kept.isDecoded(chunk));
    return result;
  });
  assert.equal(known, [RISING, NUMBERS, UNKNOWN, RISING]);
});

pointBlock('decodes for itself what another thread has begun to decode', () => {
  const values = Float64Array.of(1, 2, 3);
  const block = blockOf([values]);
  const kept = keepDecoded(block);
  const { states } = openDecoded(kept.content.decoded!);
  const CLAIMED = 1;
  states[0] = CLAIMED;
  const found = read(kept, 0, 0, 3);
  assert.equal([[...found.values], found.known], [[1, 2, 3], UNKNOWN]);
  assert.is(states[0], CLAIMED);
});

pointBlock('takes the memory that it says', () => {
  const block = blockOf([Float64Array.of(1, 2, 3), Float64Array.of(4)]);
  assert.is(keepDecoded(block).content.decoded!.byteLength, decodedBytes(block));
});

pointBlock.run();
