// The bytes that stand for a field of a line: database, head and field key, as they came.

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

export function createFieldKeys(database: string): FieldKeys {
  // Databases have the same lines and other series; no line has a newline in it.
  const prefix = Buffer.from(database === '' ? '' : `${database}\n`);
  let scratch = Buffer.concat([prefix], prefix.length + SCRATCH_BYTES);
  const key: FieldKey = { bytes: scratch, start: 0, end: 0 };
  /** Where the head ends in the scratch, when it is there. */
  let headEnd = 0;

  function copyHead(block: Buffer, line: Line): void {
    const size = prefix.length + line.headEnd - line.headStart;
    if (size + 1 > scratch.length) scratch = Buffer.concat([prefix], size * 2);
    headEnd = prefix.length + block.copy(scratch, prefix.length, line.headStart, line.headEnd);
    scratch[headEnd++] = SPACE;
  }

  return {
    keyOf(block, line, i) {
      const { keyStarts, keyEnds } = line;
      const [keyStart, keyEnd] = [keyStarts[i]!, keyEnds[i]!];
      // The first field follows the head with a space between: they lie there as the key has them.
      if (i === 0 && prefix.length === 0 && keyStart === line.headEnd + 1) {
        headEnd = 0;
        key.bytes = block;
        key.start = line.headStart;
        key.end = keyEnd;
        return key;
      }
      if (i === 0 || headEnd === 0) copyHead(block, line);
      const end = headEnd + keyEnd - keyStart;
      if (end > scratch.length) scratch = Buffer.concat([scratch.subarray(0, headEnd)], end * 2);
      for (let from = keyStart, to = headEnd; from < keyEnd; ) scratch[to++] = block[from++]!;
      key.bytes = scratch;
      key.start = 0;
      key.end = end;
      return key;
    },
  };
}
