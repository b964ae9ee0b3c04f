import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendChunk, createChunkWriter, resetChunkWriter } from '../../../storage/coding/chunk.ts';
import { CHUNK_POINTS_MAX } from '../../../storage/limits.ts';
import { decodeChunk, encodeBlock, openBlock } from '../../../storage/sstable/block.ts';
import { anyBits, anyTimestamps, metricLike, sameBits } from '../../support/bits.ts';
import { property } from '../../support/seed.ts';

const chunk = suite('storage/coding/chunk');
const writer = createChunkWriter();

function roundTrip(chunks: { timestampsMs: Float64Array; values: Float64Array }[]): void {
  resetChunkWriter(writer);
  chunks.forEach((points, k) => {
    appendChunk(writer, k + 1, points.timestampsMs, points.values);
  });
  const block = openBlock(encodeBlock(writer), 'test', 0);
  chunks.forEach((points, k) => {
    const decoded = decodeChunk(block, k);
    sameBits(decoded.timestampsMs, points.timestampsMs, 'timestamps');
    sameBits(decoded.values, points.values, 'values');
  });
}

function regularTimes(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => 1_700_000_000_000 + i * 10_000);
}

const columns: Record<string, number[]> = {
  'one value': [21.5],
  'a constant': Array(100).fill(99.97),
  'a constant NaN': Array(100).fill(Number.NaN),
  'negative zeros': Array(100).fill(-0),
  'zeros of both signs': [0, -0, 0, 0, 0, 0, 0, 0, -0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  'infinities among decimals': [1.5, 2.5, 1 / 0, 1.5, 2.5, 3.5, 1.5, 1.5, 2.5, 1.5, -1 / 0, 1.5],
  'a counter with a reset of more than 32 bits': [1e10, 1e10 + 7, 1e10 + 19, 5, 17, 22, 39, 40],
  'integers at the edge of 2^53': [2 ** 53, 2 ** 53 - 1, -(2 ** 53), 2 ** 50, 2 ** 50 + 1, 0, 1],
  'sizes in pages': [4096, 8192, 4096 * 1001, 0, 4096 * 77, 2 ** 42, 4096, -4096],
  'multiples of 2^31': Array.from({ length: 50 }, (_, i) => 2 ** 31 * (i * i - 7)),
  subnormals: [5e-324, 1e-320, -5e-324, 2.2e-308, 0, 5e-324, 1e-310, 3e-310],
  'float32 widened': Array.from({ length: 100 }, (_, i) => Math.fround(Math.sin(i) * 40)),
  'both signs of full doubles': Array.from({ length: 100 }, (_, i) => Math.sin(i) * 1e-3),
  'a ramp that bends': Array.from({ length: 100 }, (_, i) => i * i),
  'powers of two': Array.from({ length: 200 }, (_, i) => 2 ** (i - 100)),
  'mixed digits': Array.from({ length: 200 }, (_, i) => Number((i / 7).toFixed(i % 6))),
};

for (const [name, values] of Object.entries(columns)) {
  chunk(`keeps every bit of ${name}`, () => {
    roundTrip([{ timestampsMs: regularTimes(values.length), values: Float64Array.from(values) }]);
  });
}

chunk('keeps every bit of any doubles', () => {
  fc.assert(
    fc.property(anyBits, (values) => {
      roundTrip([{ timestampsMs: regularTimes(values.length), values }]);
    }),
    property(150),
  );
});

chunk('keeps every bit of columns that look like metrics', () => {
  fc.assert(
    fc.property(metricLike, (values) => {
      roundTrip([{ timestampsMs: regularTimes(values.length), values }]);
    }),
    property(500),
  );
});

chunk('keeps any ascending timestamps within 2^53', () => {
  fc.assert(
    fc.property(anyTimestamps, (timestampsMs) => {
      roundTrip([{ timestampsMs, values: timestampsMs.slice() }]);
    }),
    property(300),
  );
});

chunk('keeps many chunks in one list apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyTimestamps, fc.oneof(anyBits, metricLike)), {
        minLength: 1,
        maxLength: 8,
      }),
      (pairs) => {
        roundTrip(
          pairs.map(([timestampsMs, values]) => {
            const count = Math.min(timestampsMs.length, values.length);
            return {
              timestampsMs: timestampsMs.slice(0, count),
              values: values.slice(0, count),
            };
          }),
        );
      },
    ),
    property(100),
  );
});

chunk('stores timestamps once that neighbours share', () => {
  const timestampsMs = regularTimes(500).map((timestampMs, i) => timestampMs + ((i * 37) % 11));
  const other = timestampsMs.map((timestampMs) => timestampMs + 1);
  const values = new Float64Array(500);
  resetChunkWriter(writer);
  for (let id = 1; id <= 8; id++) appendChunk(writer, id, id % 2 ? timestampsMs : other, values);
  assert.is(writer.times.forms.count, 2);
  const block = openBlock(encodeBlock(writer), 'test', 0);
  assert.is(decodeChunk(block, 0).timestampsMs, decodeChunk(block, 2).timestampsMs);
  sameBits(decodeChunk(block, 7).timestampsMs, other);
});

chunk('takes no stream bytes for regular timestamps and constant values', () => {
  resetChunkWriter(writer);
  appendChunk(writer, 1, regularTimes(5000), new Float64Array(5000).fill(0.25));
  assert.is(writer.times.streamBytes + writer.values.streamBytes, 0);
});

chunk('encodes the same points to the same bytes', () => {
  const values = Float64Array.from({ length: CHUNK_POINTS_MAX }, (_, i) => Math.sin(i));
  const encode = () => {
    resetChunkWriter(writer);
    appendChunk(writer, 9, regularTimes(CHUNK_POINTS_MAX), values);
    return encodeBlock(writer);
  };
  assert.equal(encode(), encode());
});

chunk.run();
