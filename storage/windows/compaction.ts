// Merges some tables of one window into one: piece by piece, so that memory follows the piece and
// not the window. The main thread reads and writes; jobs merge what it has read. Reads go past the
// block cache, as nobody will read these blocks again.

import type { Core } from '../core.ts';
import { mergeEventTables } from '../events/compaction.ts';
import { tablePath, windowDir } from '../filenames.ts';
import { syncTableDirs } from '../flush.ts';
import type { TableMeta } from '../manifest/edit.ts';
import { type NewFiles, withNewFiles } from '../new-files.ts';
import type { EncodedBlock } from '../sstable/block-builder.ts';
import { TABLE_MAGICS, type TableSummary, type TableWindow } from '../sstable/format.ts';
import { createTableLayout, type TableLayout } from '../sstable/layout.ts';
import type { Table } from '../sstable/reader.ts';
import type { TableTail, TableTailInput } from '../sstable/tail.ts';
import type { Version } from '../version.ts';
import type { CompactWindowInput, CompactWindowOutput } from '../workers/compact-window-job.ts';
import { transferables } from '../workers/jobs.ts';
import { PacedFile } from './paced-file.ts';
import type { WindowCompaction } from './picker.ts';
import { type Slice, sliceTables } from './slices.ts';

/**
 * Carries out `compaction` of tables in `version`, which is retained; false when their window was
 * dropped meanwhile. Throws CorruptionError.
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
    if (!(await swap(core, inputs, output))) {
      await files.discard();
      await env.fs.removeDir(windowDir(core.dir, output));
      return false;
    }
    counters.windowCompactions++;
    counters.windowBytesWritten += output.sizeBytes;
    settings.listener.windowCompacted?.({
      durationMs: env.clock.monotonicMs() - startMs,
      tables: inputs.length,
      bytesIn: inputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      bytesOut: output.sizeBytes,
      points: output.pointCount,
    });
    return true;
  });
}

/** One edit, unless an input is gone: then its window was dropped, and must not come back. */
async function swap(
  { catalog }: Core,
  inputs: readonly TableMeta[],
  output: TableMeta,
): Promise<boolean> {
  let isLive = false;
  await catalog.apply((state) => {
    isLive = inputs.every(({ number }) => state.tables.has(number));
    if (!isLive) return undefined;
    const removeTables = inputs.map(({ number }) => number);
    return { addTables: [output], removeTables, nextFileNumber: catalog.nextFileNumber };
  });
  return isLive;
}

/** The merged table, durable. It takes the place of its newest input in the order of writing. */
async function writeMerged(
  core: Core,
  version: Version,
  inputs: readonly TableMeta[],
  files: NewFiles,
): Promise<TableMeta> {
  const { kind, policyId, windowStartMs, windowEndMs, sequence } = inputs.at(-1)!;
  const window = { policyId, windowStartMs, windowEndMs };
  const number = core.catalog.takeFileNumber();
  const tables = await openTables(version, inputs);
  const path = tablePath(core.dir, { ...window, number, kind });
  const merge = kind === 'events' ? mergeEventTables : mergeInto;
  const summary = await files.writeWith(path, (file) => {
    return merge(new PacedFile(file, core), core, window, tables);
  });
  const meta: TableMeta = { ...summary, number, sequence, kind };
  await syncTableDirs([meta], core);
  return meta;
}

/** In the order of `inputs`; `version`, which is retained, keeps them open. */
function openTables(version: Version, inputs: readonly TableMeta[]): Promise<Table[]> {
  const files = new Map(
    version.parts.windows.flatMap(({ tables }) => tables.map((file) => [file.meta.number, file])),
  );
  return Promise.all(inputs.map(({ number }) => files.get(number)!.reader()));
}

async function mergeInto(
  output: PacedFile,
  core: Core,
  window: TableWindow,
  tables: readonly Table[],
): Promise<TableSummary> {
  const layout = createTableLayout();
  await output.append([TABLE_MAGICS.points]);
  let carried: EncodedBlock | undefined;
  const blocks = tables.map((table) => table.blocks);
  for (const slice of sliceTables(blocks, core.settings.compactionJobPoints)) {
    const merged = await mergeSlice(slice, core, window, tables, carried);
    for (const id of merged.seriesIds) layout.noteSeries(id);
    await output.append(placed(merged.blocks, layout));
    carried = merged.carried;
  }
  if (carried !== undefined) await output.append(placed([carried], layout));
  const tail = await core.env.compute.run<TableTailInput, TableTail>('table-tail', {
    window,
    ...layout.contents(),
  });
  await output.append(tail.parts);
  return tail.summary;
}

async function mergeSlice(
  slice: Slice,
  { env, io, counters }: Core,
  window: TableWindow,
  tables: readonly Table[],
  carried: EncodedBlock | undefined,
): Promise<CompactWindowOutput> {
  const { firstSeries, lastSeries } = slice;
  const inputs: CompactWindowInput['tables'][number][] = [];
  for (const [t, { from, to }] of slice.blocks.entries()) {
    if (from === to) continue;
    const table = tables[t]!;
    const blocks = table.blocks.slice(from, to);
    await io.take(blocks.reduce((sum, { handle }) => sum + handle.size, 0));
    const bytes = await table.readBlockBytes(from, to);
    counters.windowBytesRead += bytes.length;
    inputs.push({ path: table.path, blocks, bytes });
  }
  const input: CompactWindowInput = { window, tables: inputs, firstSeries, lastSeries, carried };
  return env.compute.run('compact-window', input, transferables(input));
}

/** The bytes of `blocks`, whose places in the file are noted. */
function placed(blocks: readonly EncodedBlock[], layout: TableLayout): Uint8Array[] {
  return blocks.map((block) => {
    layout.place(block);
    return block.bytes;
  });
}
