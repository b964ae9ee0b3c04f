// Writes one sealed generation to disk: its points and its events as one table each for every
// window, its new series as one table of the tag index. Everything is durable before the edit that
// names it.

import type { Core } from './core.ts';
import { StorageError } from './errors.ts';
import type { EventFlushInput } from './events/flush-job.ts';
import {
  indexTablePath,
  policyDir,
  tablePath,
  tagIndexDir,
  windowDir,
  windowsDir,
} from './filenames.ts';
import type { IndexTableMeta, TableMeta, Tombstone } from './manifest/edit.ts';
import { allWritten, type NewFiles, withNewFiles } from './new-files.ts';
import type { TableKind } from './sstable/format.ts';
import type { IndexFlushInput } from './tag-index/flush.ts';
import type { BuiltIndexTable } from './tag-index/table-builder.ts';
import type { Generation } from './version.ts';
import type { FlushedTable, FlushInput, FlushOutput } from './workers/flush-job.ts';

/** Flushes the generation that was sealed first; false when none is sealed. */
export async function flushOldest(core: Core): Promise<boolean> {
  const { catalog, env, settings, counters, series } = core;
  const { sealed, active } = catalog.version.parts;
  const [generation, next = active] = sealed;
  if (generation === undefined) return false;
  const startMs = env.clock.monotonicMs();
  const { addTables, addIndexTables } = await withNewFiles(env.fs, catalog, async (files) => {
    const tables = {
      addTables: [
        ...(await flushPoints(generation, core, files)),
        ...(await flushEvents(generation, core, files)),
      ],
      addIndexTables: await flushNewSeries(generation, core, files),
    };
    const edit = { ...tables, walSegment: next.walSegment, nextSeriesId: series.nextId };
    await catalog.apply(() => {
      const addTombstones = placeTombstone(generation, core);
      return { ...edit, addTombstones, nextFileNumber: catalog.nextFileNumber };
    }, generation);
    return tables;
  });
  const bytes = [...addTables, ...addIndexTables].reduce((sum, meta) => sum + meta.sizeBytes, 0);
  counters.flushes++;
  counters.flushBytesWritten += bytes;
  settings.listener.flushed?.({
    durationMs: env.clock.monotonicMs() - startMs,
    points: generation.memtable.points + generation.events.count,
    tables: addTables.length,
    bytes,
  });
  return true;
}

/** Numbers rise: it comes after the tables of this flush, and before those of the next. */
function placeTombstone({ tombstone }: Generation, { catalog }: Core): Tombstone[] {
  return tombstone === undefined ? [] : [{ ...tombstone, sequence: catalog.takeFileNumber() }];
}

async function flushPoints(
  { memtable }: Generation,
  core: Core,
  files: NewFiles,
): Promise<TableMeta[]> {
  if (memtable.points === 0) return [];
  const ids = memtable.seriesIds();
  const input: FlushInput = {
    arena: memtable.seal(),
    policyIds: await policyIdsOf(ids, core),
    windowsMs: windowWidths(core),
  };
  const { tables } = await core.env.compute.run<FlushInput, FlushOutput>('flush', input);
  return writeTables(tables, 'points', core, files);
}

async function flushEvents(
  { events }: Generation,
  core: Core,
  files: NewFiles,
): Promise<TableMeta[]> {
  if (events.count === 0) return [];
  const input: EventFlushInput = {
    events: events.columns(),
    policyIds: await policyIdsOf(events.seriesIds(), core),
    windowsMs: windowWidths(core),
  };
  const { tables } = await core.env.compute.run<EventFlushInput, FlushOutput>(
    'flush-events',
    input,
  );
  return writeTables(tables, 'events', core, files);
}

async function writeTables(
  tables: readonly FlushedTable[],
  kind: TableKind,
  core: Core,
  files: NewFiles,
): Promise<TableMeta[]> {
  const sizeBytes = tables.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const startMs = core.env.clock.monotonicMs();
  core.io.charge(sizeBytes);
  const metas = await allWritten(tables, (table) => writeTable(table, kind, core, files));
  core.io.measured(sizeBytes, core.env.clock.monotonicMs() - startMs);
  await syncTableDirs(metas, core);
  return metas;
}

/**
 * By series id, the policy id. It stays 0, and the points unwritten, for a series whose labels
 * nobody knows: the WAL record or index block that had them was damaged.
 */
async function policyIdsOf(ids: Uint32Array, { series, settings }: Core): Promise<Uint32Array> {
  const lost = new Set(await series.load(ids));
  if (lost.size > 0) {
    const message = `the labels of ${lost.size} series are lost, and with them their newest points`;
    settings.listener.corruption?.(new StorageError('CORRUPTION', message));
  }
  const policyIds = new Uint32Array((ids.at(-1) ?? 0) + 1);
  for (const id of ids) policyIds[id] = lost.has(id) ? 0 : series.policyIdOf(id);
  series.flushed(ids);
  return policyIds;
}

/** By policy id; 0 where there is no such policy. */
function windowWidths({ catalog }: Core): Float64Array {
  const { policies } = catalog.state;
  const widths = new Float64Array(Math.max(0, ...policies.keys()) + 1);
  for (const { id, windowMs } of policies.values()) widths[id] = windowMs;
  return widths;
}

async function writeTable(
  { bytes, summary }: FlushedTable,
  kind: TableKind,
  core: Core,
  files: NewFiles,
): Promise<TableMeta> {
  const number = core.catalog.takeFileNumber();
  // Numbers rise from flush to flush, so the number says which of two tables is newer.
  const meta: TableMeta = { ...summary, number, sequence: number, kind };
  await files.write(tablePath(core.dir, meta), bytes);
  return meta;
}

/** Makes the names of new tables durable, and those of directories that may be new. */
export async function syncTableDirs(
  metas: readonly TableMeta[],
  { dir, env }: Core,
): Promise<void> {
  const paths = new Set(metas.map((meta) => windowDir(dir, meta)));
  for (const { policyId } of metas) paths.add(policyDir(dir, policyId));
  paths.add(windowsDir(dir)).add(dir);
  await allWritten([...paths], (path) => env.fs.syncDir(path));
}

async function flushNewSeries(
  { newSeries }: Generation,
  core: Core,
  files: NewFiles,
): Promise<IndexTableMeta[]> {
  if (newSeries.isEmpty) return [];
  const table = await core.env.compute.run<IndexFlushInput, BuiltIndexTable | undefined>(
    'flush-index',
    { data: newSeries.data(), bloomBitsPerKey: core.settings.indexBloomBitsPerKey },
  );
  if (table === undefined) return [];
  return [await writeIndexTable(table, 0, core, files)];
}

/** Writes a table of the tag index, durably. */
export async function writeIndexTable(
  { bytes, meta }: BuiltIndexTable,
  level: number,
  { dir, env, catalog }: Core,
  files: NewFiles,
): Promise<IndexTableMeta> {
  const number = catalog.takeFileNumber();
  await files.write(indexTablePath(dir, number), bytes);
  await env.fs.syncDir(tagIndexDir(dir));
  await env.fs.syncDir(dir);
  return { ...meta, number, level, sequence: number };
}
