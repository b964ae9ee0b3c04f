// Writes one sealed generation to disk: its points as one SSTable for each window, its new series
// as one table of the tag index. Everything is durable before the edit that this returns.

import type { Env } from './env/env.ts';
import { indexTablePath, tablePath, windowDir, windowsDir, policyDir, tagIndexDir } from './filenames.ts';
import type { Edit, IndexTableMeta, PolicyMeta, TableMeta } from './manifest/edit.ts';
import type { SeriesId } from './series/labels.ts';
import type { IndexMemoryData } from './tag-index/memory.ts';
import type { BuiltIndexTable } from './tag-index/table-builder.ts';
import type { Generation } from './version.ts';
import type { FlushInput, FlushOutput, FlushedTable } from './workers/flush-job.ts';

export interface FlushContext {
  readonly dir: string;
  readonly env: Env;
  takeFileNumber(): number;
  /** The policy id under which the points of a series are stored. */
  policyIdOf(id: SeriesId): number;
  readonly policies: Iterable<PolicyMeta>;
}

export type FlushEdit = Pick<Edit, 'addTables' | 'addIndexTables'> & { readonly bytes: number };

export async function flushGeneration(
  generation: Generation,
  context: FlushContext,
): Promise<FlushEdit> {
  const addTables = await flushPoints(generation, context);
  const addIndexTables = await flushNewSeries(generation, context);
  const bytes = [...addTables, ...addIndexTables].reduce((sum, meta) => sum + meta.sizeBytes, 0);
  return { addTables, addIndexTables, bytes };
}

async function flushPoints(
  { memtable }: Generation,
  context: FlushContext,
): Promise<TableMeta[]> {
  if (memtable.points === 0) return [];
  const input: FlushInput = {
    arena: memtable.seal(),
    policyIds: policyIdsOf(memtable.seriesIds(), context),
    windowsMs: windowWidths(context.policies),
  };
  const { tables } = await context.env.compute.run<FlushInput, FlushOutput>('flush', input);
  const metas = await Promise.all(tables.map((table) => writeTable(table, context)));
  await syncDirs(metas, context);
  return metas;
}

/** By series id, the policy id; 0 where the generation has no such series. */
function policyIdsOf(ids: Uint32Array, context: FlushContext): Uint32Array {
  const policyIds = new Uint32Array((ids.at(-1) ?? 0) + 1);
  for (const id of ids) policyIds[id] = context.policyIdOf(id);
  return policyIds;
}

function windowWidths(policies: Iterable<PolicyMeta>): Float64Array {
  const widths: number[] = [];
  for (const { id, windowMs } of policies) widths[id] = windowMs;
  return Float64Array.from(widths, (width) => width ?? 0);
}

async function writeTable(
  { bytes, summary }: FlushedTable,
  context: FlushContext,
): Promise<TableMeta> {
  const { dir, env } = context;
  const number = context.takeFileNumber();
  // Numbers rise from flush to flush, so the number says which of two tables is newer.
  const meta: TableMeta = { ...summary, number, sequence: number };
  await env.fs.makeDir(windowDir(dir, meta));
  await writeFile(env, tablePath(dir, meta), bytes);
  return meta;
}

/** Makes the names of new tables durable, and those of directories that may be new. */
async function syncDirs(metas: readonly TableMeta[], { dir, env }: FlushContext): Promise<void> {
  const paths = new Set(metas.map((meta) => windowDir(dir, meta)));
  for (const { policyId } of metas) paths.add(policyDir(dir, policyId));
  paths.add(windowsDir(dir)).add(dir);
  await Promise.all([...paths].map((path) => env.fs.syncDir(path)));
}

async function flushNewSeries(
  { newSeries }: Generation,
  context: FlushContext,
): Promise<IndexTableMeta[]> {
  if (newSeries.isEmpty) return [];
  const { env, dir } = context;
  const table = await env.compute.run<IndexMemoryData, BuiltIndexTable | undefined>(
    'flushIndex',
    newSeries.data(),
  );
  if (table === undefined) return [];
  return [await writeIndexTable(table, 0, { dir, env, number: context.takeFileNumber() })];
}

/** Writes a table of the tag index, durably. */
export async function writeIndexTable(
  { bytes, meta }: BuiltIndexTable,
  level: number,
  { dir, env, number }: { readonly dir: string; readonly env: Env; readonly number: number },
): Promise<IndexTableMeta> {
  await env.fs.makeDir(tagIndexDir(dir));
  await writeFile(env, indexTablePath(dir, number), bytes);
  await env.fs.syncDir(tagIndexDir(dir));
  await env.fs.syncDir(dir);
  return { ...meta, number, level, sequence: number };
}

async function writeFile({ fs }: Env, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.create(path);
  try {
    await file.append([bytes]);
    await file.sync();
  } finally {
    await file.close();
  }
}
