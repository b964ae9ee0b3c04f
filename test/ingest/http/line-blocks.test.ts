import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { IngestError } from '../../../ingest/errors.ts';
import { lineBlocks } from '../../../ingest/http/line-blocks.ts';
import { rejection } from '../../support/rejection.ts';

const blocks = suite('ingest/http/line-blocks');

const SEED = 20_261_122;
const BLOCK_BYTES = 16 * 1024;

async function* arriving(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const end of [...new Set(cuts), bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** What is handed out, and the most that was held meanwhile. */
async function read(chunks: AsyncGenerator<Buffer>, bytesMax: number, isFixed = false) {
  let held = 0;
  let most = 0;
  const memory = {
    hold(bytes: number) {
      held += bytes;
      most = Math.max(most, held);
    },
    release(bytes: number) {
      held -= bytes;
    },
  };
  const found: Buffer[] = [];
  // Copies: a block is gone when the next one is asked for.
  const blocks = lineBlocks(chunks, { bytesMax, isFixed }, memory);
  for await (const block of blocks) found.push(Buffer.from(block));
  assert.is(held, 0);
  return { found, most };
}

blocks('every byte comes once, in short blocks of whole lines, however it arrives', async () => {
  const line = fc.oneof(
    { weight: 9, arbitrary: fc.nat(200) },
    { weight: 1, arbitrary: fc.nat(40_000) },
  );
  const lengths = fc.array(line, { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.array(fc.nat(50_000)), fc.boolean(), async (sizes, cuts, ends) => {
      const text = sizes.map((size) => 'x'.repeat(size)).join('\n') + (ends ? '\n' : '');
      const bytes = Buffer.from(text);
      const places = cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b);
      const { found, most } = await read(arriving(bytes, places), 1_000_000);
      assert.is(Buffer.concat(found).toString(), text);
      assert.ok(most <= text.length);
      for (const [i, block] of found.entries()) {
        const lines = block.toString().split('\n').length - 1;
        assert.ok(lines <= 1 || block.length <= BLOCK_BYTES, `${lines} lines in ${block.length} B`);
        assert.ok(block.length > 0);
        if (i < found.length - 1) assert.is(block.at(-1), 0x0a);
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});

blocks('a line over the limit is refused before more of it is held', async () => {
  const long = Buffer.alloc(100_000, 'x');
  const tooLong = (isFixed: boolean) => read(arriving(long, [30_000, 60_000]), 50_000, isFixed);
  for (const [isFixed, text] of [
    [false, /larger than the 50000 bytes of ingest\.limits\.message/],
    [true, /larger than 50000 bytes, which no config key changes/],
  ] as const) {
    const error = await rejection(tooLong(isFixed));
    assert.is((error as IngestError).code, 'TOO_LARGE');
    assert.match(error.message, text);
  }
  const { most } = await read(arriving(Buffer.alloc(100_000, 'abcd\n'), [50_000]), 50_000);
  assert.ok(most <= 50_000, `${most} bytes held`);
});

blocks.run();
