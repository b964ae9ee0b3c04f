// Merges tables of events of one window into one, slice by slice: what windows/compaction.ts does
// for points.

import type { Core } from '../core.ts';
import { TABLE_MAGICS, type TableSummary, type TableWindow } from '../sstable/format.ts';
import { createTableLayout } from '../sstable/layout.ts';
import type { TableTail } from '../sstable/tail.ts';
import type { MergeInput } from '../windows/compaction.ts';
import type { PacedFile } from '../windows/paced-file.ts';
import { transferables } from '../workers/jobs.ts';
import type { CompactEventsInput, CompactEventsOutput, EventTableBlocks } from './compact-job.ts';
import { asEventTable, type EventTable } from './event-table.ts';
import type { EventBlockSummary, EventTableTailInput } from './format.ts';
import { type EventSlice, sliceEventTables } from './slices.ts';

/** Of blocks that one job merges: in memory it takes some ten times as much. */
const SLICE_BYTES = 4 * 2 ** 20;

/** Writes the merged table to `output`; undefined when all is hidden. Throws CorruptionError. */
export async function mergeEventTables(
  output: PacedFile,
  core: Core,
  window: TableWindow,
  inputs: readonly MergeInput[],
): Promise<TableSummary | undefined> {
  const tables = inputs.map(({ table }) => asEventTable(table));
  const layout = createTableLayout<EventBlockSummary>();
  await output.append([TABLE_MAGICS.events]);
  const blocks = tables.map((table) => table.blocks);
  for (const slice of sliceEventTables(blocks, SLICE_BYTES)) {
    const merged = await mergeSlice(slice, core, window, tables, inputs);
    for (const id of merged.seriesIds) layout.noteSeries(id);
    for (const block of merged.blocks) layout.place(block);
    await output.append(merged.blocks.map(({ bytes }) => bytes));
  }
  const contents = layout.contents();
  if (contents.blocks.length === 0) return undefined;
  const input: EventTableTailInput = { window, ...contents };
  const tail = await core.env.compute.run<EventTableTailInput, TableTail>(
    'event-table-tail',
    input,
  );
  await output.append(tail.parts);
  return tail.summary;
}

async function mergeSlice(
  { after, upTo, blocks }: EventSlice,
  { env, io, counters }: Core,
  window: TableWindow,
  tables: readonly EventTable[],
  inputs: readonly MergeInput[],
): Promise<CompactEventsOutput> {
  const pieces: EventTableBlocks[] = [];
  for (const [t, { from, to }] of blocks.entries()) {
    if (from === to) continue;
    const table = tables[t]!;
    const infos = table.blocks.slice(from, to);
    await io.take(infos.reduce((sum, { handle }) => sum + handle.size, 0));
    const bytes = await table.readBlockBytes(from, to);
    counters.windowBytesRead += bytes.length;
    pieces.push({ path: table.path, blocks: infos, bytes, tombstones: inputs[t]!.tombstones });
  }
  const input: CompactEventsInput = { window, tables: pieces, after, upTo };
  return env.compute.run('compact-events', input, transferables(input));
}
