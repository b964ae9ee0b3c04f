// Builds the bytes of one SSTable from points in the order of (series id, time). It does no I/O:
// finished bytes are drained by whoever writes the file.

import { assert } from '../assert.ts';
import type { SeriesId } from '../series/labels.ts';
import { createBlockBuilder } from './block-builder.ts';
import { TABLE_MAGICS, type TableSummary, type TableWindow } from './format.ts';
import { createTableLayout } from './layout.ts';
import { encodeTableTail } from './tail.ts';

export interface TableBuilder {
  /**
   * Adds the points [from, to) of one series, strictly ascending in time. Ids ascend; a series may
   * be added in pieces, one right after the other.
   */
  add(
    id: SeriesId,
    timestampsMs: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
  ): void;
  /** Bytes finished since the last call, in the order of the file. */
  drain(): Uint8Array[];
  /** Finishes the last block and the table; drain() then has the rest of the bytes. */
  finish(): TableSummary;
}

export function createTableBuilder(window: TableWindow): TableBuilder {
  const builder = createBlockBuilder(window);
  const layout = createTableLayout();
  let finished: Uint8Array[] = [TABLE_MAGICS.points];
  let isFinished = false;

  function takeBlocks(): void {
    for (const block of builder.drain()) {
      layout.place(block);
      finished.push(block.bytes);
    }
  }

  return {
    add(id, timestampsMs, values, from, to) {
      assert(!isFinished, 'a finished table takes no points');
      if (from === to) return;
      builder.add(id, timestampsMs, values, from, to);
      layout.noteSeries(id);
    },
    drain() {
      takeBlocks();
      const bytes = finished;
      finished = [];
      return bytes;
    },
    finish() {
      assert(!isFinished, 'a table is finished once');
      isFinished = true;
      builder.finishBlock();
      takeBlocks();
      const { parts, summary } = encodeTableTail({ window, ...layout.contents() });
      finished.push(...parts);
      return summary;
    },
  };
}
