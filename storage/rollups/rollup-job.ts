// The piece of a rollup that one job does: the points of some series become blocks of each field.

import { openSlice } from '../slice.ts';
import type { EncodedSlice } from '../slice-types.ts';
import {
  type BlockBuilder,
  createBlockBuilder,
  type EncodedBlock,
} from '../sstable/block-builder.ts';
import { SUMMARY_FIELDS, type TableWindow } from '../sstable/format.ts';
import type { TimeRange } from '../types.ts';
import { createSummariser } from './summarise.ts';

export interface RollupInput {
  readonly slice: EncodedSlice;
  /** Of the tier. */
  readonly window: TableWindow;
  readonly everyMs: number;
  /** Which steps, by their start: ascending, disjoint. */
  readonly ranges: readonly TimeRange[];
}

export interface RollupOutput {
  /** In the order of SUMMARY_FIELDS. */
  readonly blocks: readonly (readonly EncodedBlock[])[];
  /** Those that have a step, ascending. */
  readonly seriesIds: Uint32Array;
  readonly steps: number;
}

/** Throws CorruptionError. */
export function rollUpSlice({ slice, window, everyMs, ranges }: RollupInput): RollupOutput {
  const reader = openSlice(slice);
  const summarise = createSummariser(everyMs, ranges);
  const builders: BlockBuilder[] = SUMMARY_FIELDS.map(() => createBlockBuilder(window));
  const seriesIds: number[] = [];
  let steps = 0;
  for (const [position, id] of slice.ids.entries()) {
    const { length, startsMs, fields } = summarise(reader.read(position));
    if (length === 0) continue;
    seriesIds.push(id);
    steps += length;
    for (const [f, field] of SUMMARY_FIELDS.entries()) {
      builders[f]!.add(id, startsMs, fields[field], 0, length);
    }
  }
  const blocks = builders.map((builder) => {
    builder.finishBlock();
    return builder.drain();
  });
  return { blocks, seriesIds: Uint32Array.from(seriesIds), steps };
}
