// What must be known of a table's blocks when its tail is written: where they are and whose points
// they have.

import type { SeriesId } from '../series/labels.ts';
import type { EncodedBlock } from './block-builder.ts';
import type { BlockSummary } from './block-index.ts';
import { type BlockHandle, MAGIC_BYTES } from './format.ts';

/** A block in its place. */
type Placed<Summary> = Summary & { readonly handle: BlockHandle };

export interface TableLayout<Summary extends BlockSummary = BlockSummary> {
  /** Where the next block begins: the size of the file so far. */
  readonly sizeBytes: number;
  /** Takes note of a block that follows those before. */
  place(block: EncodedBlock<Summary>): void;
  /** Takes note of a series that has points; ids ascend, one may come again right away. */
  noteSeries(id: SeriesId): void;
  contents(): { readonly blocks: readonly Placed<Summary>[]; readonly seriesIds: Uint32Array };
}

export function createTableLayout<
  Summary extends BlockSummary = BlockSummary,
>(): TableLayout<Summary> {
  const blocks: Placed<Summary>[] = [];
  let series = new Uint32Array(1024);
  let seriesCount = 0;
  let sizeBytes = MAGIC_BYTES;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    place({ bytes, summary }) {
      blocks.push({ ...summary, handle: { offset: sizeBytes, size: bytes.length } });
      sizeBytes += bytes.length;
    },
    noteSeries(id) {
      if (seriesCount > 0 && series[seriesCount - 1] === id) return;
      if (seriesCount === series.length) {
        const grown = new Uint32Array(seriesCount * 2);
        grown.set(series);
        series = grown;
      }
      series[seriesCount++] = id;
    },
    contents: () => ({ blocks, seriesIds: series.slice(0, seriesCount) }),
  };
}
