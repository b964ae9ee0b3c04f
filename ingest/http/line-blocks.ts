// A body as lines: in blocks that end where a line does, so that whoever reads them has memory for
// one block, however long the body is.

import { NEWLINE } from '../decode/lines.ts';
import { type Chunks, tooLarge } from './body.ts';

/**
 * Whole lines, some to a block, each with its newline, which only the last line of the body may
 * lack. TOO_LARGE when one line has more than `lineBytesMax`.
 */
export async function* lineBlocks(chunks: Chunks, lineBytesMax: number): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const firstLineBytes = end === 0 ? chunk.length : chunk.indexOf(NEWLINE);
    if (begunBytes + firstLineBytes > lineBytesMax) throw tooLarge('a line', lineBytesMax);
    if (end > 0) {
      const head = chunk.subarray(0, end);
      yield begun.length === 0 ? head : Buffer.concat([...begun, head]);
      begun = [];
      begunBytes = 0;
    }
    if (end < chunk.length) {
      begun.push(chunk.subarray(end));
      begunBytes += chunk.length - end;
    }
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}
