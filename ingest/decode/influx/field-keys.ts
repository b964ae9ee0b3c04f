// The bytes that stand for a field of a line: its head, a space, and the field's key, as they came.

import { SPACE } from './characters.ts';
import type { Line } from './line.ts';

const SCRATCH_BYTES = 1024;

export interface FieldKey {
  bytes: Buffer;
  start: number;
  end: number;
}

export interface FieldKeys {
  /** Of field `i` of the line in `block`: good until the next call. Fields are asked in order. */
  keyOf(block: Buffer, line: Line, i: number): FieldKey;
}

export function createFieldKeys(): FieldKeys {
  let scratch = Buffer.alloc(SCRATCH_BYTES);
  const key: FieldKey = { bytes: scratch, start: 0, end: 0 };
  /** What the scratch has of this line: head and space, or nothing yet. */
  let headSize = 0;

  function copyHead(block: Buffer, { headStart, headEnd }: Line): void {
    headSize = headEnd - headStart + 1;
    if (headSize > scratch.length) scratch = Buffer.alloc(headSize * 2);
    block.copy(scratch, 0, headStart, headEnd);
    scratch[headSize - 1] = SPACE;
  }

  return {
    keyOf(block, line, i) {
      const [keyStart, keyEnd] = [line.keyStarts[i]!, line.keyEnds[i]!];
      if (i === 0) headSize = 0;
      // The first field most often lies behind the head just so.
      if (keyStart === line.headEnd + 1) {
        key.bytes = block;
        key.start = line.headStart;
        key.end = keyEnd;
        return key;
      }
      if (headSize === 0) copyHead(block, line);
      const end = headSize + keyEnd - keyStart;
      if (end > scratch.length) scratch = Buffer.concat([scratch.subarray(0, headSize)], end * 2);
      for (let from = keyStart, to = headSize; from < keyEnd; ) scratch[to++] = block[from++]!;
      key.bytes = scratch;
      key.start = 0;
      key.end = end;
      return key;
    },
  };
}
