// Lines of line protocol into points: one for each field with a number.

import type { SeriesBatch } from '../../series-batch.ts';
import { NEWLINE } from '../lines.ts';
import { createFieldKeys } from './field-keys.ts';
import { createKnownLine, readKnownLine } from './known-line.ts';
import { fieldLabels } from './labels.ts';
import { createLine, readLine } from './line.ts';
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
  firstBad(): BadLine | undefined;
}

export function createLineReader({ precision, nowMs, database }: LineRules): LineReader {
  const line = createLine();
  const known = createKnownLine();
  const keys = createFieldKeys();
  let lines = 0;
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

  function addKnown(batch: SeriesBatch): void {
    const { slots, values, fields, hasTimestamp, timestampMs } = known;
    batch.addRow(slots, values, fields, hasTimestamp ? timestampMs : nowMs);
  }

  function addLine(block: Buffer, start: number, end: number, batch: SeriesBatch): void {
    const problem = readLine(block, start, end, precision, line);
    if (problem !== undefined) {
      firstBad ??= { number: lines, reason: problem };
      batch.reject('malformed_line');
      return;
    }
    addFields(block, batch);
    if (line.strings > 0) batch.reject('not_a_number', line.strings);
  }

  return {
    read(block, batch) {
      for (let start = 0; start < block.length; ) {
        lines++;
        if (readKnownLine(block, start, batch, precision, known)) {
          addKnown(batch);
          start = known.end;
          continue;
        }
        const newline = block.indexOf(NEWLINE, start);
        const end = newline < 0 ? block.length : newline;
        addLine(block, start, end, batch);
        start = end + 1;
      }
    },
    firstBad: () => firstBad,
  };
}
