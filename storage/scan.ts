// Reads the points of many series in a range from one Version. Series are taken a slice at a time,
// so that memory follows the slice and not the answer; for each slice the blocks it needs are
// loaded from every table first, then decoded and merged without waiting: see slice-reader.ts.

import type { Core } from './core.ts';
import { eventPoints, mayHaveEvents } from './events/event-points.ts';
import { loadTables } from './load-tables.ts';
import { type Memtable, NO_POINTS, type PointColumns } from './memtable.ts';
import { loadTiers, partsOf, planAround, planScan, tablesOfTiers } from './rollups/load-tiers.ts';
import type { SeriesId } from './series/labels.ts';
import { createSlice, type SliceParts, type TierParts } from './slice.ts';
import type { EncodedSlice, SeriesSlice, SliceRequest } from './slice-types.ts';
import { lowerBound } from './sstable/block.ts';
import type { PointBlock } from './sstable/point-block.ts';
import { tablesIn, windowsIn } from './table-access.ts';
import type { ScanRequest, SeriesPoints, TimeRange } from './types.ts';
import type { TableFile, Version } from './version.ts';

/** Points in memory at once, about. */
const SLICE_POINTS = 1_000_000;
const SLICE_SERIES_MAX = 1024;
/** Decoded in one turn, about a millisecond: other work of the main thread has its own between. */
const TURN_POINTS = 2 ** 15;

/** Batches of series with `ids` (ascending), each once with its points in the range, if any. */
export function scanVersion(
  version: Version,
  ids: Uint32Array,
  request: ScanRequest,
  core: Core,
): AsyncGenerator<readonly SeriesPoints[], void, void> {
  return decoded(slicesOf(version, ids, request, core), core);
}

async function* decoded(
  slices: AsyncIterable<IdentifiedSlice>,
  { env }: Core,
): AsyncGenerator<readonly SeriesPoints[], void, void> {
  for await (const { ids, slice } of slices) {
    const reader = slice.open();
    let series: SeriesPoints[] = [];
    let count = 0;
    for (const [position, labels] of slice.labels.entries()) {
      if (labels === undefined) continue;
      const points = reader.read(position);
      if (points.values.length === 0) continue;
      const { shape: _, ...own } = points;
      series.push({ ...own, id: ids[position]!, labels, values: points.values.slice() });
      count += points.values.length;
      if (count < TURN_POINTS) continue;
      yield series;
      series = [];
      count = 0;
      await env.scheduler.nextTurn();
    }
    if (series.length > 0) yield series;
  }
}

/** The same, without decoding anything. */
export async function* scanSlices(
  version: Version,
  ids: Uint32Array,
  request: SliceRequest,
  core: Core,
): AsyncGenerator<SeriesSlice, void, void> {
  for await (const { slice } of slicesOf(version, ids, request, core)) yield slice;
}

interface IdentifiedSlice {
  readonly ids: Uint32Array;
  readonly slice: SeriesSlice;
}

async function* slicesOf(
  version: Version,
  ids: Uint32Array,
  request: SliceRequest,
  core: Core,
): AsyncGenerator<IdentifiedSlice, void, void> {
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
  const plans = planScan(version, request);
  const parts = partsOf(tables, plans, request);
  const counted = [
    ...parts.map(({ file }) => file),
    ...(withEvents ? tablesIn(version, request, 'events') : []),
    ...tablesOfTiers(version, plans, request),
  ];
  const width = evenWidth(ids.length, sliceWidth(counted, memtables, request), request);
  for (let from = 0; from < ids.length; from += width) {
    request.signal?.throwIfAborted();
    const wanted = ids.subarray(from, from + width);
    const memory = columnsIn(memtables, wanted, request);
    const own = planAround(version, plans, memory, request);
    const read = own === plans ? parts : partsOf(tables, own, request);
    const loaded = await loadTables(version, read, wanted, request, core, touched);
    const events = withEvents
      ? await eventPoints(version, wanted, request, request, core)
      : NO_EVENTS;
    const { rollups } = request;
    const summaries =
      rollups === undefined || own.length === 0
        ? undefined
        : await loadTiers(version, own, wanted, { ...request, rollups }, core, touched);
    const found = { tables: loaded, memory, events, summaries };
    const slice = await sliceOf(version, wanted, found, request, core);
    if (slice.ids.length > 0) yield slice;
    await core.env.scheduler.nextTurn();
  }
}

/** How many series make a slice: as many as have SLICE_POINTS in the range, on average. */
function sliceWidth(
  tables: readonly TableFile[],
  memtables: readonly Memtable[],
  { startMs, endMs, slicePoints = SLICE_POINTS, sliceSeries = SLICE_SERIES_MAX }: SliceRequest,
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
  return Math.max(1, Math.min(sliceSeries, Math.floor(slicePoints / pointsPerSeries)));
}

/** The width at most, so that slices of it come to a multiple of what was asked for. */
function evenWidth(series: number, width: number, { sliceMultiple = 1 }: SliceRequest): number {
  const slices = Math.ceil(series / width / sliceMultiple) * sliceMultiple;
  return Math.max(1, Math.ceil(series / slices));
}

/** Points of `ids` from `from` on as other threads read them, and of how many series they are. */
export async function loadSlice(
  version: Version,
  tables: readonly TableFile[],
  ids: Uint32Array,
  from: number,
  request: ScanRequest,
  core: Core,
): Promise<{ readonly slice: EncodedSlice; readonly width: number }> {
  const wanted = ids.slice(from, from + sliceWidth(tables, [], request));
  const slice = await loadAll(version, tables, wanted, request, core);
  return { slice, width: wanted.length };
}

/** The same of all `ids`. */
export async function loadAll(
  version: Version,
  tables: readonly TableFile[],
  ids: Uint32Array,
  request: ScanRequest,
  core: Core,
): Promise<EncodedSlice> {
  const parts = tables.map((file) => ({ file, range: request, hidden: [] }));
  const loaded = await loadTables(version, parts, ids, request, core, new Set());
  const { startMs, endMs } = request;
  const read = { ids, startMs, endMs, tables: loaded, memory: [], events: undefined };
  return createSlice(read, { labels: [], pointsMax: 0, pointsDecoded: 0 }).encode();
}

const NO_EVENTS: ReadonlyMap<SeriesId, PointColumns> = new Map();

function columnsIn(
  memtables: readonly Memtable[],
  wanted: Uint32Array,
  { startMs, endMs }: TimeRange,
): PointColumns[][] {
  return memtables
    .filter((memtable) => memtable.minTimestampMs < endMs && memtable.maxTimestampMs >= startMs)
    .map((memtable) => memtable.readMany(wanted, startMs, endMs));
}

/** What there is of some series; `memory` by their positions. */
interface Found extends Pick<SliceParts, 'tables' | 'summaries'> {
  readonly memory: readonly (readonly PointColumns[])[];
  readonly events: ReadonlyMap<SeriesId, PointColumns>;
}

/** Only series that something was loaded of are in it, with their labels. */
async function sliceOf(
  version: Version,
  wanted: Uint32Array,
  { tables, memory: columns, events, summaries }: Found,
  { startMs, endMs }: TimeRange,
  core: Core,
): Promise<IdentifiedSlice> {
  const points = Float64Array.from(wanted, (id) => events.get(id)?.values.length ?? 0);
  const counted = { points, decoded: 0 };
  for (const ofMemtable of columns) {
    for (let i = 0; i < wanted.length; i++) points[i]! += ofMemtable[i]!.values.length;
  }
  const steps = summaries?.tiers.flatMap(({ fields }) => fields.flatMap((own) => own.tables)) ?? [];
  for (const { blocks } of [...tables, ...steps]) {
    for (const block of blocks) if (countPoints(block, wanted, counted)) core.counters.blocksUsed++;
  }
  const found = [...points.keys()].filter((position) => points[position]! > 0);
  const ids = Uint32Array.from(found, (position) => wanted[position]!);
  const memory = columns.map((ofMemtable) => found.map((position) => ofMemtable[position]!));
  const labels = await core.series.labelsOf(version.index, ids);
  const pointsMax = points.reduce((sum, count) => sum + count, 0);
  const parts: SliceParts = {
    ...{ ids, startMs, endMs, tables, memory },
    events: eventColumns(ids, events),
    summaries: summaries && {
      ...summaries,
      tiers: summaries.tiers.map((tier) => ofSeries(tier, ids)),
    },
  };
  const about = { labels, pointsMax, pointsDecoded: counted.decoded };
  return { ids, slice: createSlice(parts, about) };
}

function ofSeries(tier: TierParts, ids: Uint32Array): TierParts {
  const own = (field: SliceParts) => ({ ...field, ids });
  return { ...tier, fields: tier.fields.map(own), reach: tier.reach.map(own) };
}

/** By position; undefined when none has events, which is the usual case. */
function eventColumns(
  ids: Uint32Array,
  events: ReadonlyMap<SeriesId, PointColumns>,
): readonly PointColumns[] | undefined {
  return events.size === 0 ? undefined : Array.from(ids, (id) => events.get(id) ?? NO_POINTS);
}

/** Points by position in `wanted`, and how many of all are kept decoded. */
interface Counted {
  readonly points: Float64Array;
  decoded: number;
}

/** Adds those of the block's chunks; whether there were any. */
function countPoints(block: PointBlock, wanted: Uint32Array, counted: Counted): boolean {
  const { ids, counts } = block;
  let any = false;
  let position = lowerBound(wanted, ids[0]!);
  for (let chunk = 0; chunk < ids.length; chunk++) {
    while (position < wanted.length && wanted[position]! < ids[chunk]!) position++;
    if (wanted[position] !== ids[chunk]) continue;
    counted.points[position]! += counts[chunk]!;
    if (block.isDecoded(chunk)) counted.decoded += counts[chunk]!;
    any = true;
  }
  return any;
}
