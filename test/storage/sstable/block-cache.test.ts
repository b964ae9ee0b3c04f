import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendChunk, createChunkWriter } from '../../../storage/coding/chunk.ts';
import { type Block, encodeBlock, openBlock } from '../../../storage/sstable/block.ts';
import { createBlockCache } from '../../../storage/sstable/block-cache.ts';
import { rejection } from '../../support/rejection.ts';

const cache = suite('storage/sstable/block-cache');

function block(): Block {
  const writer = createChunkWriter();
  appendChunk(writer, 1, Float64Array.of(1, 2, 3), Float64Array.of(1, 2, 3));
  return openBlock(encodeBlock(writer), 'test', 0);
}

const SIZE = block().sizeBytes;

/** Reads a block through the cache and says whether it came from the file. */
async function isRead(blocks: ReturnType<typeof createBlockCache>, table: number, index: number) {
  let read = false;
  await blocks.get(table, index, async () => {
    read = true;
    return block();
  });
  return read;
}

/** Uses a block and what is made of it; whether that is kept, was made just now, or is not. */
async function use(blocks: ReturnType<typeof createBlockCache>, index: number, bytes = SIZE) {
  await isRead(blocks, 1, index);
  let made = false;
  const value = blocks.derived(1, index, bytes, () => {
    made = true;
    return index;
  });
  if (value === undefined) return 'none';
  assert.is(value, index);
  return made ? 'made' : 'kept';
}

cache('reads a block once and counts hits and misses', async () => {
  const blocks = createBlockCache(10 * SIZE);
  assert.ok(await isRead(blocks, 1, 0));
  assert.not(await isRead(blocks, 1, 0));
  assert.ok(await isRead(blocks, 1, 1));
  assert.ok(await isRead(blocks, 2, 0));
  assert.equal([blocks.hits, blocks.misses, blocks.bytes], [1, 3, 3 * SIZE]);
});

cache('answers at once when it has the block', async () => {
  const blocks = createBlockCache(10 * SIZE);
  const first = blocks.get(1, 0, async () => block());
  assert.instance(first, Promise);
  const kept = await first;
  const again = blocks.get(1, 0, async () => block());
  assert.is(again, kept);
});

cache('stays within its bytes and lets the block go that was not used for longest', async () => {
  const blocks = createBlockCache(2 * SIZE);
  await isRead(blocks, 1, 0);
  await isRead(blocks, 1, 1);
  await isRead(blocks, 1, 0);
  await isRead(blocks, 1, 2);
  assert.is(blocks.bytes, 2 * SIZE);
  assert.not(await isRead(blocks, 1, 0));
  assert.ok(await isRead(blocks, 1, 1));
});

cache('returns a block that is larger than itself without keeping it', async () => {
  const blocks = createBlockCache(SIZE - 1);
  assert.ok(await isRead(blocks, 1, 0));
  assert.is(blocks.bytes, 0);
  assert.ok(await isRead(blocks, 1, 0));
});

cache('shares one read among those who want the same block at once', async () => {
  const blocks = createBlockCache(10 * SIZE);
  const both = await Promise.all([isRead(blocks, 1, 0), isRead(blocks, 1, 0)]);
  assert.equal(both, [true, false]);
});

cache('keeps nothing of a read that failed', async () => {
  const blocks = createBlockCache(10 * SIZE);
  const failing = async (): Promise<Block> => {
    throw new Error('EIO');
  };
  assert.is((await rejection(Promise.resolve(blocks.get(1, 0, failing)))).message, 'EIO');
  assert.ok(await isRead(blocks, 1, 0));
});

cache('forgets the blocks of a table that is dropped, also those being read', async () => {
  const blocks = createBlockCache(10 * SIZE);
  await isRead(blocks, 1, 0);
  await isRead(blocks, 2, 0);
  const underWay = isRead(blocks, 1, 1);
  blocks.dropTable(1);
  await underWay;
  assert.is(blocks.bytes, SIZE);
  assert.not(await isRead(blocks, 2, 0));
});

cache('makes something of a block that is asked for again, and keeps that beside it', async () => {
  const blocks = createBlockCache(10 * SIZE);
  const uses = [await use(blocks, 0), await use(blocks, 0), await use(blocks, 0)];
  assert.equal(uses, ['none', 'made', 'kept']);
  assert.is(blocks.bytes, 2 * SIZE);
  blocks.dropTable(1);
  assert.is(blocks.bytes, 0);
  assert.is(await use(blocks, 0), 'none');
});

cache('gives half of its bytes at most to what is made of blocks', async () => {
  const blocks = createBlockCache(10 * SIZE);
  await use(blocks, 0);
  assert.is(await use(blocks, 0, 5 * SIZE + 1), 'none');
  assert.is(await use(blocks, 0, 5 * SIZE), 'made');
  for (let i = 1; i <= 9; i++) await use(blocks, i);
  assert.ok(blocks.bytes <= 10 * SIZE);
  assert.is(await use(blocks, 0), 'none', 'it went with its block');
});

cache('is not emptied by turns over more blocks than it has room for', async () => {
  const blocks = createBlockCache(20 * SIZE);
  const turn = async () => {
    const uses: string[] = [];
    for (let i = 0; i < 5; i++) uses.push(await use(blocks, i, 4 * SIZE));
    return uses.join(' ');
  };
  assert.is(await turn(), 'none none none none none');
  assert.is(await turn(), 'made made none none none');
  assert.is(await turn(), 'kept kept none none none');
});

cache('gives what is not used any more up for what is', async () => {
  const blocks = createBlockCache(20 * SIZE);
  for (const index of [0, 0, 1, 1]) await use(blocks, index, 4 * SIZE);
  await use(blocks, 2, 4 * SIZE);
  assert.is(await use(blocks, 1, 4 * SIZE), 'kept');
  assert.is(await use(blocks, 2, 4 * SIZE), 'made');
  assert.is(await use(blocks, 1, 4 * SIZE), 'kept');
  assert.is(await use(blocks, 0, 4 * SIZE), 'none');
});

cache.run();
