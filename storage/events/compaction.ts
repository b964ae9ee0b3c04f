// Merges tables of events of one window into one, slice by slice: what windows/compaction.ts does
// for points.

import type { Core } from '../core.ts';
import { TABLE_MAGICS, type TableSummary, type TableWindow } from '../sstable/format.ts';
import { createTableLayout } from '../sstable/layout.ts';
import type { Table } from '../sstable/reader.ts';
import type { TableTail } from '../sstable/tail.ts';
import type { PacedFile } from '../windows/paced-file.ts';
import { transferables } from '../workers/jobs.ts';
import type { CompactEventsInput, CompactEventsOutput, EventTableBlocks } from './compact-job.ts';
import { asEventTable, type EventTable } from './event-table.ts';
import type { EventBlockSummary, EventTableTailInput } from './format.ts';
import { type EventSlice, sliceEventTables } from './slices.ts';

/** Of blocks that one job merges: in memory it takes some ten times as much. */
const SLICE_BYTES = 4 * 2 ** 20;

/** Writes the merged table to `output`. Throws CorruptionError. */
export async function mergeEventTables(
  output: PacedFile,
  core: Core,
  window: TableWindow,
  inputs: readonly Table[],
): Promise<TableSummary> {
  const tables = inputs.map(asEventTable);
  const layout = createTableLayout<EventBlockSummary>();
  await output.append([TABLE_MAGICS.events]);
  const blocks = tables.map((table) => table.blocks);
  for (const slice of sliceEventTables(blocks, SLICE_BYTES)) {
    const merged = await mergeSlice(slice, core, window, tables);
    for (const id of merged.seriesIds) layout.noteSeries(id);
    for (const block of merged.blocks) layout.place(block);
    await output.append(merged.blocks.map(({ bytes }) => bytes));
  }
  const input: EventTableTailInput = { window, ...layout.contents() };
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
): Promise<CompactEventsOutput> {
  const inputs: EventTableBlocks[] = [];
  for (const [t, { from, to }] of blocks.entries()) {
    if (from === to) continue;
    const table = tables[t]!;
    const infos = table.blocks.slice(from, to);
    await io.take(infos.reduce((sum, { handle }) => sum + handle.size, 0));
    const bytes = await table.readBlockBytes(from, to);
    counters.windowBytesRead += bytes.length;
    inputs.push({ path: table.path, blocks: infos, bytes });
  }
  const input: CompactEventsInput = { window, tables: inputs, after, upTo };
  return env.compute.run('compact-events', input, transferables(input));
}
