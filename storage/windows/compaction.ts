// Merges some tables of one window into one, without what tombstones hide: piece by piece, so that
// memory follows the piece and not the window. The main thread reads and writes; jobs merge what it
// has read. Reads go past the block cache, as nobody will read these blocks again.

import type { Core } from '../core.ts';
import { mergeEventTables } from '../events/compaction.ts';
import { tablePath, windowDir } from '../filenames.ts';
import { syncTableDirs } from '../flush.ts';
import type { CleanedTable, TableMeta, Tombstone } from '../manifest/edit.ts';
import { type NewFiles, withNewFiles } from '../new-files.ts';
import { runsWithin } from '../series/series-runs.ts';
import type { EncodedBlock } from '../sstable/block-builder.ts';
import { TABLE_MAGICS, type TableSummary, type TableWindow } from '../sstable/format.ts';
import { createTableLayout, type TableLayout } from '../sstable/layout.ts';
import type { Table } from '../sstable/reader.ts';
import type { TableTail, TableTailInput } from '../sstable/tail.ts';
import { type Deletions, tombstonesOver } from '../tombstones/hidden.ts';
import type { Version } from '../version.ts';
import type { CompactWindowInput, CompactWindowOutput } from '../workers/compact-window-job.ts';
import { transferables } from '../workers/jobs.ts';
import { PacedFile } from './paced-file.ts';
import type { WindowCompaction } from './picker.ts';
import { type Slice, sliceTables } from './slices.ts';

/** A table that is merged, and the tombstones that hide points or events of it. */
export interface MergeInput {
  readonly table: Table;
  readonly tombstones: readonly Tombstone[];
}

/**
 * Carries out `compaction` of tables in `version`, which is retained; false when one of them was
 * removed meanwhile. Throws CorruptionError.
 */
export async function compactWindowTables(
  core: Core,
  version: Version,
  { inputs }: WindowCompaction,
): Promise<boolean> {
  const { catalog, env, counters, settings } = core;
  const startMs = env.clock.monotonicMs();
  return withNewFiles(env.fs, catalog, async (files) => {
    const output = await writeMerged(core, version, inputs, files);
    const isLive = await swap(core, version, inputs, output);
    if (!isLive || output === undefined) {
      await files.discard();
      await env.fs.removeDir(windowDir(core.dir, inputs[0]!));
    }
    if (!isLive) return false;
    counters.windowCompactions++;
    counters.windowBytesWritten += output?.sizeBytes ?? 0;
    settings.listener.windowCompacted?.({
      durationMs: env.clock.monotonicMs() - startMs,
      tables: inputs.length,
      bytesIn: inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      bytesOut: output?.sizeBytes ?? 0,
      points: output?.pointCount ?? 0,
    });
    return true;
  });
}

/**
 * One edit, unless an input is gone: then its window was dropped, and must not come back. What was
 * deleted while the merge went on is hidden in its output as it was in the inputs.
 */
async function swap(
  { catalog }: Core,
  { parts }: Version,
  inputs: readonly TableMeta[],
  output: TableMeta | undefined,
): Promise<boolean> {
  let isLive = false;
  await catalog.apply((state) => {
    isLive = inputs.every(({ number }) => state.tables.has(number));
    if (!isLive) return undefined;
    const removeTables = inputs.map(({ number }) => number);
    if (output === undefined) return { removeTables };
    const { nextFileNumber } = catalog;
    const cleaned = cleanedBy(output, parts.deletions);
    return { addTables: [output], removeTables, cleaned, nextFileNumber };
  });
  return isLive;
}

function cleanedBy({ number }: TableMeta, { tombstones }: Deletions): CleanedTable[] {
  if (tombstones.size === 0) return [];
  return [{ number, sequence: Math.max(...tombstones.keys()) }];
}

/**
 * The merged table, durable; undefined when all of it is hidden. It takes the place of its newest
 * input in the order of writing.
 */
async function writeMerged(
  core: Core,
  version: Version,
  inputs: readonly TableMeta[],
  files: NewFiles,
): Promise<TableMeta | undefined> {
  const { kind, stepMs, policyId, windowStartMs, windowEndMs, sequence } = inputs.at(-1)!;
  const window = { policyId, windowStartMs, windowEndMs };
  const number = core.catalog.takeFileNumber();
  const opened = await openInputs(version, inputs);
  const path = tablePath(core.dir, { ...window, number, kind });
  const merge = kind === 'events' ? mergeEventTables : mergeInto;
  const summary = await files.writeWith(path, (file) => {
    return merge(new PacedFile(file, core), core, window, opened);
  });
  if (summary === undefined) return undefined;
  const meta: TableMeta = {
    ...{ ...summary, number, sequence, kind },
    ...(stepMs !== undefined && { stepMs }),
  };
  await syncTableDirs([meta], core);
  return meta;
}

/** In the order of `inputs`; `version`, which is retained, keeps them open. */
function openInputs({ parts }: Version, inputs: readonly TableMeta[]): Promise<MergeInput[]> {
  const files = new Map(
    parts.windows.flatMap(({ tables }) => tables.map((file) => [file.meta.number, file])),
  );
  return Promise.all(
    inputs.map(async (meta) => ({
      table: await files.get(meta.number)!.reader(),
      tombstones: tombstonesOver(parts.deletions, meta),
    })),
  );
}

async function mergeInto(
  output: PacedFile,
  core: Core,
  window: TableWindow,
  inputs: readonly MergeInput[],
): Promise<TableSummary | undefined> {
  const layout = createTableLayout();
  await output.append([TABLE_MAGICS.points]);
  let carried: EncodedBlock | undefined;
  const blocks = inputs.map(({ table }) => table.blocks);
  for (const slice of sliceTables(blocks, core.settings.compactionJobPoints)) {
    const merged = await mergeSlice(slice, core, window, inputs, carried);
    for (const id of merged.seriesIds) layout.noteSeries(id);
    await output.append(placed(merged.blocks, layout));
    carried = merged.carried;
  }
  if (carried !== undefined) await output.append(placed([carried], layout));
  const contents = layout.contents();
  if (contents.blocks.length === 0) return undefined;
  const tail = await core.env.compute.run<TableTailInput, TableTail>('table-tail', {
    window,
    ...contents,
  });
  await output.append(tail.parts);
  return tail.summary;
}

async function mergeSlice(
  slice: Slice,
  { env, io, counters }: Core,
  window: TableWindow,
  inputs: readonly MergeInput[],
  carried: EncodedBlock | undefined,
): Promise<CompactWindowOutput> {
  const { firstSeries, lastSeries } = slice;
  const tables: CompactWindowInput['tables'][number][] = [];
  for (const [t, { from, to }] of slice.blocks.entries()) {
    if (from === to) continue;
    const { table, tombstones } = inputs[t]!;
    const blocks = table.blocks.slice(from, to);
    await io.take(blocks.reduce((sum, { handle }) => sum + handle.size, 0));
    const bytes = await table.readBlockBytes(from, to);
    counters.windowBytesRead += bytes.length;
    tables.push({
      path: table.path,
      blocks,
      bytes,
      // In memory of their own, which leaves with the job.
      tombstones: tombstones.map((tombstone) => ({
        ...tombstone,
        series: runsWithin(tombstone.series, firstSeries, lastSeries),
      })),
    });
  }
  const input: CompactWindowInput = { window, tables, firstSeries, lastSeries, carried };
  return env.compute.run('compact-window', input, transferables(input));
}

/** The bytes of `blocks`, whose places in the file are noted. */
function placed(blocks: readonly EncodedBlock[], layout: TableLayout): Uint8Array[] {
  return blocks.map((block) => {
    layout.place(block);
    return block.bytes;
  });
}
