// The points of some series in a range, as they lie in blocks and in memory: loaded, not decoded
// yet. Decoding is most of a scan's work, so a slice can be read where it was loaded, or sent to
// another thread and read there; blocks lie in memory that threads share and are not copied.

import { NO_POINTS, type PointColumns } from './memtable.ts';
import { createSummaryReader } from './rollups/summary-reader.ts';
import type { Labels } from './series/labels.ts';
import { createSliceReader, type LoadedTable } from './slice-reader.ts';
import type {
  EncodedSlice,
  EncodedTier,
  PackedRuns,
  RollupRequest,
  SeriesSlice,
  SliceReader,
} from './slice-types.ts';
import { openPoints } from './sstable/point-block.ts';
import type { TimeRange } from './types.ts';

/** What a slice is made of, in the order of writing. */
export interface SliceParts extends TimeRange {
  readonly ids: Uint32Array;
  readonly tables: readonly LoadedTable[];
  /** Of each memtable, the columns of each series. */
  readonly memory: readonly (readonly PointColumns[])[];
  /** Of each series, its events; undefined when none has any. */
  readonly events: readonly PointColumns[] | undefined;
  /** Steps that stand for points which are not among these. */
  readonly summaries?: SummaryParts | undefined;
}

export interface SummaryParts {
  readonly request: RollupRequest;
  readonly tiers: readonly TierParts[];
}

export interface TierParts extends Omit<EncodedTier, 'fields' | 'reach'> {
  readonly fields: readonly SliceParts[];
  readonly reach: readonly SliceParts[];
}

export function createSlice(
  parts: SliceParts,
  about: Pick<SeriesSlice, 'labels' | 'pointsMax' | 'pointsDecoded'>,
): SeriesSlice {
  return {
    ...about,
    open: () => createReader(parts),
    encode: () => encodeParts(parts),
  };
}

function createReader(parts: SliceParts): SliceReader {
  const points = createSliceReader(parts);
  const { summaries } = parts;
  if (summaries === undefined) return points;
  const tiers = summaries.tiers.map((tier) => ({
    ...tier,
    fields: tier.fields.map(createSliceReader),
    reach: tier.reach.map(createSliceReader),
  }));
  return createSummaryReader(points, tiers, summaries.request);
}

function encodeParts({ ids, startMs, endMs, tables, memory, events, summaries }: SliceParts) {
  const encoded: EncodedSlice = {
    ...{ ids, startMs, endMs },
    tables: tables.map(({ blocks, tombstones }) => ({
      blocks: blocks.map(({ content }) => content),
      tombstones,
    })),
    memory: memory.map(packRuns),
    events: events && packRuns(events),
  };
  if (summaries === undefined) return encoded;
  const tiers: EncodedTier[] = summaries.tiers.map((tier) => ({
    ...tier,
    fields: tier.fields.map(encodeParts),
    reach: tier.reach.map(encodeParts),
  }));
  return { ...encoded, summaries: { request: summaries.request, tiers } };
}

/** A series that is decoded already. With `isEvents` each point stands for an event. */
type LabelledColumns = PointColumns & { readonly labels: Labels; readonly isEvents?: boolean };

export function sliceOfColumns(series: readonly LabelledColumns[]): SeriesSlice {
  const parts = {
    ids: Uint32Array.from(series, (_, position) => position),
    startMs: Number.NEGATIVE_INFINITY,
    endMs: Number.POSITIVE_INFINITY,
    tables: [],
    memory: [series.map((one) => (one.isEvents ? NO_POINTS : one))],
    events: series.some(({ isEvents }) => isEvents)
      ? series.map((one) => (one.isEvents ? one : NO_POINTS))
      : undefined,
  };
  const points = series.reduce((sum, { values }) => sum + values.length, 0);
  const labels = series.map((one) => one.labels);
  return createSlice(parts, { labels, pointsMax: points, pointsDecoded: 0 });
}

/** The reader of a slice that another thread has loaded. */
export function openSlice(encoded: EncodedSlice): SliceReader {
  return createReader(decodeParts(encoded));
}

function decodeParts({ summaries, ...encoded }: EncodedSlice): SliceParts {
  const tables = encoded.tables.map(({ blocks, tombstones }) => ({
    blocks: blocks.map(openPoints),
    tombstones,
  }));
  const memory = encoded.memory.map(unpackRuns);
  const events = encoded.events && unpackRuns(encoded.events);
  const parts = { ...encoded, tables, memory, events };
  if (summaries === undefined) return parts;
  const tiers = summaries.tiers.map((tier) => ({
    ...tier,
    fields: tier.fields.map(decodeParts),
    reach: tier.reach.map(decodeParts),
  }));
  return { ...parts, summaries: { request: summaries.request, tiers } };
}

function packRuns(runs: readonly PointColumns[]): PackedRuns {
  const ends = new Uint32Array(runs.length);
  let total = 0;
  for (const [position, { values }] of runs.entries()) {
    total += values.length;
    ends[position] = total;
  }
  const packed = { ends, timestampsMs: new Float64Array(total), values: new Float64Array(total) };
  for (const [position, { timestampsMs, values }] of runs.entries()) {
    packed.timestampsMs.set(timestampsMs, ends[position]! - values.length);
    packed.values.set(values, ends[position]! - values.length);
  }
  return packed;
}

function unpackRuns({ ends, timestampsMs, values }: PackedRuns): PointColumns[] {
  return Array.from(ends, (end, position) => {
    const from = position === 0 ? 0 : ends[position - 1]!;
    return { timestampsMs: timestampsMs.subarray(from, end), values: values.subarray(from, end) };
  });
}
