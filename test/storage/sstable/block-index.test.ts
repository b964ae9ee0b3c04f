import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/errors.ts';
import {
  type BlockInfo,
  blocksFor,
  decodeBlockIndex,
  encodeBlockIndex,
} from '../../../storage/sstable/block-index.ts';

const index = suite('storage/sstable/block-index');

function info(offset: number, first: number, last: number, min: number, max: number): BlockInfo {
  return {
    handle: { offset, size: 100 },
    firstSeries: first,
    lastSeries: last,
    minTimestampMs: min,
    maxTimestampMs: max,
    pointCount: 7,
  };
}

const BLOCKS = [
  info(8, 1, 10, 0, 99),
  info(108, 10, 20, -50, 99),
  info(208, 25, 2 ** 32 - 1, 0, 9),
];

index('comes back from its bytes', () => {
  assert.equal(decodeBlockIndex(encodeBlockIndex(BLOCKS), 'test', 0), BLOCKS);
  assert.equal(decodeBlockIndex(encodeBlockIndex([]), 'test', 0), []);
});

index('refuses bytes that were cut off', () => {
  const bytes = encodeBlockIndex(BLOCKS);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => decodeBlockIndex(bytes.slice(0, length), 'test', 0),
      (error: unknown) => error instanceof CorruptionError,
    );
  }
});

const cases: [string, number[], [number, number], number[]][] = [
  ['a series on the border of two blocks', [10], [0, 100], [0, 1]],
  ['a series between blocks', [22], [0, 100], []],
  ['series around a block', [22, 24], [0, 100], []],
  ['the largest id', [2 ** 32 - 1], [0, 100], [2]],
  ['many series', [2, 15, 30], [0, 100], [0, 1, 2]],
  ['a range that only one block reaches', [2, 15, 30], [-100, 0], [1]],
  ['a range that starts with a last timestamp', [2, 15, 30], [99, 100], [0, 1]],
  ['a range behind all', [2, 15, 30], [100, 200], []],
  ['no series', [], [0, 100], []],
];

for (const [name, ids, [startMs, endMs], want] of cases) {
  index(`finds the blocks for ${name}`, () => {
    assert.equal(blocksFor(BLOCKS, Uint32Array.from(ids), startMs, endMs), want);
  });
}

index.run();
