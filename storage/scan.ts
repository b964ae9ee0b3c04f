// Reads the points of many series in a range from one Version. Series are taken a slice at a time,
// so that memory follows the slice and not the answer; for each slice the blocks it needs are
// loaded from every table first, then decoded and merged without waiting.

import type { Core } from './core.ts';
import { CorruptionError, toError } from './errors.ts';
import type { Tombstone } from './manifest/edit.ts';
import type { Memtable, PointColumns } from './memtable.ts';
import { mergeRuns } from './merge.ts';
import { type Block, chunksOf, decodeChunk } from './sstable/block.ts';
import type { Table } from './sstable/reader.ts';
import { pushVisible, rangesHiding, tombstonesOver } from './tombstones/hidden.ts';
import type { ScanRequest, SeriesPoints, TimeRange } from './types.ts';
import type { TableFile, Version } from './version.ts';

/** Points in memory at once, about. */
const SLICE_POINTS = 1_000_000;
const SLICE_SERIES_MAX = 1024;
/** Up to here each id is asked of a table's filter before any block is looked for. */
const FILTER_IDS_MAX = 64;

/** Slices of `ids` (ascending), each series once with its points in the range, if it has any. */
export async function* scanVersion(
  version: Version,
  ids: Uint32Array,
  request: ScanRequest,
  core: Core,
): AsyncGenerator<readonly SeriesPoints[], void, void> {
  const tables = tablesIn(version, request);
  if (request.cost !== undefined) {
    request.cost.windows += windowsIn(version, request).length;
    request.cost.tables += tables.length;
  }
  const touched = new Set<TableFile>();
  core.counters.scans++;
  const { sealed, active } = version.parts;
  const memtables = [...sealed, active].map((generation) => generation.memtable);
  const width = sliceWidth(tables, memtables, request);
  for (let from = 0; from < ids.length; from += width) {
    request.signal?.throwIfAborted();
    const slice = ids.subarray(from, from + width);
    const loaded = await loadSlice(version, tables, slice, request, core, touched);
    const merged = mergeSlice(slice, loaded, memtables, request);
    core.counters.blocksUsed += merged.blocksUsed;
    const series = await attachLabels(version, merged, core);
    if (series.length > 0) yield series;
    await core.env.scheduler.nextTurn();
  }
}

function windowsIn(version: Version, { startMs, endMs }: TimeRange) {
  const { windows } = version.parts;
  return windows.filter((window) => window.startMs < endMs && window.endMs > startMs);
}

/** Tables with points in the range, oldest first. */
export function tablesIn(version: Version, range: TimeRange): TableFile[] {
  const { startMs, endMs } = range;
  return windowsIn(version, range)
    .flatMap((window) => window.tables)
    .filter(({ meta }) => meta.minTimestampMs < endMs && meta.maxTimestampMs >= startMs)
    .sort((a, b) => a.meta.sequence - b.meta.sequence);
}

/** How many series make a slice: as many as have SLICE_POINTS in the range, on average. */
function sliceWidth(
  tables: readonly TableFile[],
  memtables: readonly Memtable[],
  { startMs, endMs }: TimeRange,
): number {
  let pointsPerSeries = 1;
  for (const { meta } of tables) {
    const { minTimestampMs, maxTimestampMs, pointCount, seriesCount } = meta;
    const overlapMs = Math.min(endMs, maxTimestampMs) - Math.max(startMs, minTimestampMs);
    const share = Math.min(1, (overlapMs + 1) / (maxTimestampMs - minTimestampMs + 1));
    pointsPerSeries += (share * pointCount) / seriesCount;
  }
  for (const { points, seriesCount } of memtables) {
    if (seriesCount > 0) pointsPerSeries += points / seriesCount;
  }
  return Math.max(1, Math.min(SLICE_SERIES_MAX, Math.floor(SLICE_POINTS / pointsPerSeries)));
}

/** Series with points in the range, and their columns. */
interface MergedSlice {
  readonly ids: Uint32Array;
  readonly columns: readonly PointColumns[];
  /** Of the blocks loaded, those with a point in the range. */
  readonly blocksUsed: number;
}

interface LoadedTable {
  /** In order of series, then time. */
  readonly blocks: readonly Block[];
  /** Those that may hide points of them. */
  readonly tombstones: readonly Tombstone[];
}

async function loadSlice(
  { parts }: Version,
  tables: readonly TableFile[],
  slice: Uint32Array,
  request: ScanRequest,
  core: Core,
  touched: Set<TableFile>,
): Promise<LoadedTable[]> {
  const first = slice[0]!;
  const last = slice[slice.length - 1]!;
  const loaded: LoadedTable[] = [];
  for (const file of tables) {
    if (file.meta.firstSeries > last || file.meta.lastSeries < first) continue;
    request.signal?.throwIfAborted();
    const blocks = await loadBlocks(file, slice, request, core);
    if (blocks.length === 0) continue;
    loaded.push({ blocks, tombstones: tombstonesOver(parts.deletions, file.meta, request) });
    if (!touched.has(file)) core.counters.scanTables++;
    touched.add(file);
  }
  return loaded;
}

async function loadBlocks(
  file: TableFile,
  slice: Uint32Array,
  request: ScanRequest,
  core: Core,
): Promise<Block[]> {
  const table = await readerOf(file, request, core);
  if (table === undefined) return [];
  const wanted =
    slice.length <= FILTER_IDS_MAX ? slice.filter((id) => table.mayContain(id)) : slice;
  const { cost } = request;
  if (wanted.length === 0) {
    if (cost !== undefined) cost.tablesSkipped++;
    return [];
  }
  const numbers = table.blocksFor(wanted, request.startMs, request.endMs);
  core.counters.blocksRead += numbers.length;
  if (cost !== undefined) cost.blocksCached += numbers.length;
  const load = (number: number) => {
    if (cost !== undefined) {
      cost.blocksCached--;
      cost.blocksRead++;
      cost.bytesRead += table.blocks[number]!.handle.size;
    }
    return table.readBlock(number);
  };
  const blocks = await Promise.all(
    numbers.map((number) =>
      orReport(
        core.blockCache.get(file.meta.number, number, () => load(number)),
        request,
        core,
      ),
    ),
  );
  return blocks.filter((block) => block !== undefined);
}

/** The table's reader; a table that cannot be opened is reported and put aside. */
function readerOf(
  file: TableFile,
  request: Pick<ScanRequest, 'onCorruption'>,
  core: Core,
): Promise<Table | undefined> {
  return orReport(file.reader(), request, core, () => quarantine(file, core));
}

/** What is damaged is reported and passed over. */
export const PASS_OVER = { onCorruption: () => undefined };

/** The series of a table; undefined when it is damaged, which is reported. */
export async function seriesIdsOf(file: TableFile, core: Core): Promise<Uint32Array | undefined> {
  const table = await readerOf(file, PASS_OVER, core);
  return table && (await orReport(table.seriesIds(), PASS_OVER, core));
}

/** Damage is always reported; whether it ends the scan is the caller's choice. */
async function orReport<T>(
  reading: T | Promise<T>,
  request: Pick<ScanRequest, 'onCorruption'>,
  core: Core,
  onDamage?: () => void,
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    core.settings.listener.corruption?.(error);
    if (!error.isOtherVersion) onDamage?.();
    if (request.onCorruption === undefined) throw error;
    request.onCorruption(error);
    return undefined;
  }
}

/** The scan goes on meanwhile; what fails is tried again by the next scan that meets the table. */
function quarantine(file: TableFile, { catalog, settings }: Core): void {
  catalog.quarantine(file).catch((error: unknown) => {
    settings.listener.backgroundError?.(toError(error));
  });
}

function mergeSlice(
  slice: Uint32Array,
  loaded: readonly LoadedTable[],
  memtables: readonly Memtable[],
  range: TimeRange,
): MergedSlice {
  const { startMs, endMs } = range;
  const inMemory = memtables
    .filter((memtable) => memtable.minTimestampMs < endMs && memtable.maxTimestampMs >= startMs)
    .map((memtable) => memtable.readMany(slice, startMs, endMs));
  const positions = loaded.map(() => 0);
  const lastUsed = loaded.map(() => -1);
  let blocksUsed = 0;
  const ids: number[] = [];
  const columns: PointColumns[] = [];
  for (let i = 0; i < slice.length; i++) {
    const id = slice[i]!;
    const runs: PointColumns[] = [];
    for (let t = 0; t < loaded.length; t++) {
      const { blocks, tombstones } = loaded[t]!;
      let position = positions[t]!;
      while (position < blocks.length && lastIdOf(blocks[position]!) < id) position++;
      positions[t] = position;
      const hidden = rangesHiding(tombstones, id);
      for (; position < blocks.length && blocks[position]!.ids[0]! <= id; position++) {
        const before = runs.length;
        pushChunks(runs, blocks[position]!, id, range, hidden);
        if (runs.length === before || lastUsed[t] === position) continue;
        lastUsed[t] = position;
        blocksUsed++;
      }
    }
    for (const ofMemtable of inMemory) runs.push(ofMemtable[i]!);
    const merged = mergeRuns(runs);
    if (merged.timestampsMs.length === 0) continue;
    ids.push(id);
    columns.push(merged);
  }
  return { ids: Uint32Array.from(ids), columns, blocksUsed };
}

/** A series whose labels are lost to damage cannot be told from others: it is left out. */
async function attachLabels(
  version: Version,
  { ids, columns }: MergedSlice,
  core: Core,
): Promise<SeriesPoints[]> {
  const labels = await core.series.labelsOf(version.index, ids);
  const series: SeriesPoints[] = [];
  for (const [i, ofSeries] of labels.entries()) {
    if (ofSeries !== undefined) series.push({ id: ids[i]!, labels: ofSeries, ...columns[i]! });
  }
  return series;
}

function lastIdOf(block: Block): number {
  return block.ids[block.ids.length - 1]!;
}

/** The parts of the block's chunks of `id` that lie in the range and are not hidden. */
function pushChunks(
  runs: PointColumns[],
  block: Block,
  id: number,
  range: TimeRange,
  hidden: readonly TimeRange[],
): void {
  const { from, to } = chunksOf(block, id);
  for (let chunk = from; chunk < to; chunk++) {
    pushVisible(runs, decodeChunk(block, chunk), range, hidden);
  }
}
