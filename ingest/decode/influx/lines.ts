// Lines of line protocol into points: one for each field with a number.

import type { SeriesBatch } from '../../series-batch.ts';
import { eachLine } from '../lines.ts';
import { createFieldKeys } from './field-keys.ts';
import { fieldLabels } from './labels.ts';
import { createLine, readLine, readOnlyField } from './line.ts';
import type { Precision } from './numbers.ts';

export interface LineRules {
  readonly precision: Precision;
  /** Of lines that have no timestamp. */
  readonly nowMs: number;
  /** Becomes the label `db`; empty for none. */
  readonly database: string;
}

export interface BadLine {
  /** From 1, in the whole body. */
  readonly number: number;
  readonly reason: string;
}

export interface LineReader {
  /** Adds the points of a block of whole lines. */
  read(block: Buffer, batch: SeriesBatch): void;
  /** The first line that could not be read; each of them is counted in its batch. */
  readonly firstBad: BadLine | undefined;
}

export function createLineReader({ precision, nowMs, database }: LineRules): LineReader {
  const line = createLine();
  const keys = createFieldKeys();
  let linesBefore = 0;
  let firstBad: BadLine | undefined;

  function addFields(block: Buffer, batch: SeriesBatch): void {
    const { headStart, headEnd, keyStarts, keyEnds, values } = line;
    const timestampMs = line.timestampMs ?? nowMs;
    for (let i = 0; i < line.fields; i++) {
      const [keyStart, keyEnd] = [keyStarts[i]!, keyEnds[i]!];
      const key = keys.keyOf(block, line, i);
      const slot = batch.seriesAt(key.bytes, key.start, key.end, () =>
        fieldLabels(block, { headStart, headEnd, keyStart, keyEnd }, database),
      );
      batch.add(slot, timestampMs, values[i]!);
    }
  }

  return {
    read(block, batch) {
      let inBlock = 0;
      linesBefore += eachLine(block, (start, end) => {
        inBlock++;
        const known = batch.expected(block, start, end);
        if (known > 0 && readOnlyField(block, start + known, end, precision, line)) {
          batch.add(batch.takeExpected(), line.timestampMs ?? nowMs, line.values[0]!);
          return;
        }
        const problem = readLine(block, start, end, precision, line);
        if (problem !== undefined) {
          firstBad ??= { number: linesBefore + inBlock, reason: problem };
          batch.reject('malformed_line');
          return;
        }
        addFields(block, batch);
        if (line.strings > 0) batch.reject('not_a_number', line.strings);
      });
    },
    get firstBad() {
      return firstBad;
    },
  };
}
