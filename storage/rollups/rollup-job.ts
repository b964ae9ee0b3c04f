// The piece of a rollup that one job does: the points of some series become blocks of each field.

import { openSlice } from '../slice.ts';
import type { EncodedSlice, SliceReader } from '../slice-types.ts';
import {
  type BlockBuilder,
  createBlockBuilder,
  type EncodedBlock,
} from '../sstable/block-builder.ts';
import { SUMMARY_FIELDS, type TableWindow } from '../sstable/format.ts';
import type { TimeRange } from '../types.ts';
import { addToStep, type Step } from './late-points.ts';
import { createSummariser } from './summarise.ts';

export interface RollupInput {
  readonly slice: EncodedSlice;
  /** Of the tier. */
  readonly window: TableWindow;
  readonly everyMs: number;
  /** Which steps, by their start: ascending, disjoint. */
  readonly ranges: readonly TimeRange[];
  /** By field, the step as it is so far: the points are those that came at its end since. */
  readonly known?: readonly EncodedSlice[] | undefined;
}

export interface RollupOutput {
  /** In the order of SUMMARY_FIELDS. */
  readonly blocks: readonly (readonly EncodedBlock[])[];
  /** Those that have a step, ascending. */
  readonly seriesIds: Uint32Array;
  readonly steps: number;
}

/** Throws CorruptionError. */
export function rollUpSlice(input: RollupInput): RollupOutput {
  const { slice, window, everyMs, ranges } = input;
  const reader = openSlice(slice);
  const known = input.known?.map(openSlice);
  const summarise = createSummariser(everyMs, ranges);
  const builders: BlockBuilder[] = SUMMARY_FIELDS.map(() => createBlockBuilder(window));
  const seriesIds: number[] = [];
  let steps = 0;
  for (const [position, id] of slice.ids.entries()) {
    const summaries = summarise(reader.read(position));
    const { length, startsMs, fields } = summaries;
    const step = known && stepAt(known, position);
    if (length === 0) continue;
    if (step !== undefined && !addToStep(summaries, step, everyMs)) continue;
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

/** The one step that there may be of a series; damage to a field takes it from all. */
function stepAt(fields: readonly SliceReader[], position: number): Step | undefined {
  const columns = fields.map((field) => field.read(position).values);
  if (columns.some(({ length }) => length === 0)) return undefined;
  return Object.fromEntries(SUMMARY_FIELDS.map((field, f) => [field, columns[f]!])) as Step;
}
