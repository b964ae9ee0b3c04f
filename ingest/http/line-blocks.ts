// A body as lines: in blocks that end where a line does, so that whoever reads them has memory for
// one block, however long the body is.

import { NEWLINE } from '../decode/lines.ts';
import { IngestError } from '../errors.ts';
import { type Chunks, tooLarge } from './body.ts';
import { letGo } from './let-go.ts';

/** Whole lines up to this, or one line: reading a block is short work, whatever is in it. */
const BLOCK_BYTES = 16 * 1024;

/** Where memory is counted, as DoorRequest does. */
export interface BlockMemory {
  hold(bytes: number): void;
  release(bytes: number): void;
}

/** What a line may have: a value of the config, or one that is fixed. */
export interface LineLimit {
  readonly bytesMax: number;
  readonly isFixed: boolean;
}

/**
 * Whole lines, some to a block, each with its newline, which only the last line of the body may
 * lack. TOO_LARGE when one line is over the limit. A block is good until the next one is asked for:
 * what has arrived is held until then, and its memory is let go of.
 */
export async function* lineBlocks(
  chunks: Chunks,
  limit: LineLimit,
  memory: BlockMemory,
): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const firstEnd = chunk.indexOf(NEWLINE) + 1;
    const firstBytes = end === 0 ? chunk.length : firstEnd - 1;
    if (begunBytes + firstBytes > limit.bytesMax) throw lineTooLarge(limit);
    memory.hold(chunk.length);
    let at = 0;
    if (end > 0 && begunBytes > 0) {
      yield Buffer.concat([...begun, chunk.subarray(0, firstEnd)]);
      at = firstEnd;
    }
    for (; at < end; at = blockEnd(chunk, at, end)) {
      yield chunk.subarray(at, blockEnd(chunk, at, end));
    }
    if (end > 0) {
      memory.release(begunBytes + end);
      begun = [];
      begunBytes = 0;
    }
    if (end < chunk.length) {
      begun.push(end === 0 ? chunk : Buffer.from(chunk.subarray(end)));
      begunBytes += chunk.length - end;
    }
    if (end > 0) letGo(chunk);
  }
  if (begunBytes === 0) return;
  yield Buffer.concat(begun);
  memory.release(begunBytes);
}

/** Behind the last newline of a block that begins at `start`; the last one is before `end`. */
function blockEnd(chunk: Buffer, start: number, end: number): number {
  if (end - start <= BLOCK_BYTES) return end;
  const last = chunk.lastIndexOf(NEWLINE, start + BLOCK_BYTES - 1);
  return (last >= start ? last : chunk.indexOf(NEWLINE, start)) + 1;
}

function lineTooLarge({ bytesMax, isFixed }: LineLimit): IngestError {
  if (!isFixed) return tooLarge('a line', bytesMax);
  const message = `a line is larger than ${bytesMax} bytes, which no config key changes`;
  return new IngestError('TOO_LARGE', message);
}
