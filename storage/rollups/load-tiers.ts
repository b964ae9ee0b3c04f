// Loads what a slice of series has in tiers, and leaves out of the points what steps stand for.

import type { Core } from '../core.ts';
import { loadTables, type TablePart } from '../load-tables.ts';
import type { PointColumns } from '../memtable.ts';
import type { SummaryParts, TierParts } from '../slice.ts';
import type { LoadedTable } from '../slice-reader.ts';
import type { RollupRequest, SliceRequest, SliceTombstone } from '../slice-types.ts';
import type { SummaryField } from '../sstable/format.ts';
import { tablesOf, windowsIn } from '../table-access.ts';
import type { TimeRange } from '../types.ts';
import type { TableFile, Version } from '../version.ts';
import { REACH } from './late-points.ts';
import { contains, envelope, without } from './ranges.ts';
import { describeReads, type PolicyPlan, planReads, type TierRead } from './read-plan.ts';
import { fieldsRead } from './summary-reader.ts';

/** A request that takes summaries. */
export type SummaryRequest = SliceRequest & { readonly rollups: RollupRequest };

/** Sequences of tombstones that stand for none. */
const NO_SEQUENCE = 0;
const EVERY_SERIES = { starts: Uint32Array.of(0), ends: Uint32Array.of(2 ** 32 - 1) };

/** The plan that holds as long as memory has no points where steps are to be read. */
export function planScan(version: Version, request: SliceRequest): readonly PolicyPlan[] {
  const { rollups, cost } = request;
  if (rollups === undefined || !hasTiers(version)) return [];
  const plans = planReads(version, request, rollups);
  if (cost !== undefined && plans.length > 0) {
    const { startMs, endMs } = request;
    const sources = describeReads(plans, { startMs, endMs }, version.parts.rollups);
    cost.sources = [...(cost.sources ?? []), ...sources];
  }
  return plans;
}

function hasTiers({ parts }: Version): boolean {
  return parts.windows.some(({ tables }) => tables[0]?.meta.stepMs !== undefined);
}

/** The plan for series with the points `memory`, which are in no step yet. */
export function planAround(
  version: Version,
  plans: readonly PolicyPlan[],
  memory: readonly (readonly PointColumns[])[],
  request: SliceRequest,
): readonly PolicyPlan[] {
  const unflushedMs = new Set<number>();
  for (const { timestampsMs } of memory.flat()) {
    for (const timeMs of timestampsMs) {
      const isHidden = plans.some(({ hidden }) => contains(hidden, timeMs));
      if (isHidden) unflushedMs.add(timeMs);
    }
  }
  if (unflushedMs.size === 0 || request.rollups === undefined) return plans;
  return planReads(version, request, request.rollups, [...unflushedMs]);
}

/** Of the tables in a scan, what no step stands for. */
export function partsOf(
  tables: readonly TableFile[],
  plans: readonly PolicyPlan[],
  range: TimeRange,
): TablePart[] {
  const parts: TablePart[] = [];
  for (const file of tables) {
    const { policyId, minTimestampMs, maxTimestampMs } = file.meta;
    const hidden = plans.find(({ sourceId }) => sourceId === policyId)?.hidden ?? [];
    if (hidden.length === 0) {
      parts.push({ file, range, hidden: [] });
      continue;
    }
    const startMs = Math.max(range.startMs, minTimestampMs);
    const endMs = Math.min(range.endMs, maxTimestampMs + 1);
    const left = envelope(without([{ startMs, endMs }], hidden));
    if (left !== undefined) parts.push({ file, range: left, hidden: hidden.map(hiding) });
  }
  return parts;
}

function hiding({ startMs, endMs }: TimeRange): SliceTombstone {
  return { sequence: NO_SEQUENCE, startMs, endMs, series: EVERY_SERIES };
}

/** The tables that the steps of `plans` are read from. */
export function tablesOfTiers(
  version: Version,
  plans: readonly PolicyPlan[],
  { rollups }: SliceRequest,
): TableFile[] {
  if (rollups === undefined) return [];
  return plans.flatMap(({ tiers }) =>
    tiers.flatMap((read) => fieldTables(version, read, fieldsRead(rollups)).flat()),
  );
}

/** By field. */
function fieldTables(
  version: Version,
  { tier, ranges }: Pick<TierRead, 'tier' | 'ranges'>,
  fields: readonly SummaryField[],
): TableFile[][] {
  const range = envelope(ranges)!;
  const windows = windowsIn(version, range).filter(({ policyId }) => policyId === tier.id);
  return fields.map((field) => tablesOf(windows, range, field));
}

/** The steps that are read of series `ids`. */
export async function loadTiers(
  version: Version,
  plans: readonly PolicyPlan[],
  ids: Uint32Array,
  request: SummaryRequest,
  core: Core,
  touched: Set<TableFile>,
): Promise<SummaryParts> {
  const tiers: TierParts[] = [];
  for (const plan of plans) {
    for (const read of plan.tiers) {
      tiers.push(await loadTier(version, read, ids, request, core, touched));
    }
  }
  return { request: request.rollups, tiers };
}

async function loadTier(
  version: Version,
  read: TierRead,
  ids: Uint32Array,
  request: SummaryRequest,
  core: Core,
  touched: Set<TableFile>,
): Promise<TierParts> {
  const { tier, ranges, isAlone, hasLate } = read;
  const range = envelope(ranges)!;
  const gaps = without([range], ranges).map(hiding);
  const own = { ...request, ...range };
  const load = (fields: readonly SummaryField[]) =>
    Promise.all(
      fieldTables(version, read, fields).map(async (files) => {
        const parts = files.map((file) => ({ file, range, hidden: gaps }));
        const tables: LoadedTable[] = await loadTables(version, parts, ids, own, core, touched);
        return { ids, ...range, tables, memory: [], events: undefined };
      }),
    );
  const fields = await load(fieldsRead(request.rollups));
  const reach = hasLate ? await load(REACH) : [];
  // Whatever follows, points or a finer tier, begins there.
  const heldUntilMs = isAlone ? range.endMs + 1 : Number.NEGATIVE_INFINITY;
  return { everyMs: tier.rollup.everyMs, isHeld: isAlone, heldUntilMs, fields, reach };
}
