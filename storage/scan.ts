// Reads the points of many series in a range from one Version. Series are taken a slice at a time,
// so that memory follows the slice and not the answer; for each slice the blocks it needs are
// loaded from every table first, then decoded and merged without waiting.

import type { Core } from './core.ts';
import { eventPoints, mayHaveEvents } from './events/event-points.ts';
import type { Tombstone } from './manifest/edit.ts';
import type { Memtable, PointColumns } from './memtable.ts';
import { joinByTime, mergeRuns } from './merge.ts';
import { type Block, chunksOf, decodeChunk } from './sstable/block.ts';
import { orReport, readerOf, tablesIn, windowsIn } from './table-access.ts';
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
  const withEvents = request.withoutEvents !== true && mayHaveEvents(version, request);
  const counted = withEvents ? [...tables, ...tablesIn(version, request, 'events')] : tables;
  const width = sliceWidth(counted, memtables, request);
  for (let from = 0; from < ids.length; from += width) {
    request.signal?.throwIfAborted();
    const slice = ids.subarray(from, from + width);
    const loaded = await loadSlice(version, tables, slice, request, core, touched);
    const merged = mergeSlice(slice, loaded, memtables, request);
    core.counters.blocksUsed += merged.blocksUsed;
    const events = withEvents
      ? await eventPoints(version, slice, request, request, core)
      : NO_EVENTS;
    const series = await attachLabels(version, withEventPoints(merged, events), core);
    if (series.length > 0) yield series;
    await core.env.scheduler.nextTurn();
  }
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

type SeriesColumns = Pick<SeriesPoints, 'timestampsMs' | 'values' | 'isEvents'>;

/** Series with points in the range, and their columns. */
interface MergedSlice {
  readonly ids: Uint32Array;
  readonly columns: readonly SeriesColumns[];
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

const NO_EVENTS: ReadonlyMap<number, PointColumns> = new Map();

/** With the points of streams, in the order of ids. A stream that has points too keeps them all. */
function withEventPoints(
  merged: MergedSlice,
  events: ReadonlyMap<number, PointColumns>,
): MergedSlice {
  if (events.size === 0) return merged;
  const byId = new Map<number, SeriesColumns>();
  for (const [i, id] of merged.ids.entries()) byId.set(id, merged.columns[i]!);
  for (const [id, ofStream] of events) {
    const points = byId.get(id);
    const columns = points === undefined ? ofStream : joinByTime(points, ofStream);
    byId.set(id, { ...columns, isEvents: true });
  }
  const ids = Uint32Array.from(byId.keys()).sort();
  return { ...merged, ids, columns: Array.from(ids, (id) => byId.get(id)!) };
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
