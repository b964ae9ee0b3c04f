// Puts together what a series has of points and of the steps of tiers: as points, or as summaries,
// where a point is the summary of itself.

import type { PointColumns } from '../memtable.ts';
import type { RollupRequest, SliceReader } from '../slice-types.ts';
import type { SummaryField } from '../sstable/format.ts';
import { isStale, setStale } from '../stale.ts';
import { outsideSteps } from './late-points.ts';
import { STALE_FOLLOWS } from './summarise.ts';

/** The readers of one tier's tables. */
export interface TierReader {
  readonly everyMs: number;
  readonly isHeld: boolean;
  readonly heldUntilMs: number;
  /** By field that is read. */
  readonly fields: readonly SliceReader[];
  /** See EncodedTier. */
  readonly reach: readonly SliceReader[];
}

/** What is read of a step that is to stand for its last point. */
const LAST_POINT: readonly SummaryField[] = ['last', 'last_ms'];
/** A step is shown so often at most, however narrow the ranges are that look for it. */
const HELD_MAX = 100;

/** The fields to read for a request. */
export function fieldsRead({ fields = LAST_POINT }: RollupRequest): readonly SummaryField[] {
  return fields;
}

export function createSummaryReader(
  points: SliceReader,
  tiers: readonly TierReader[],
  request: RollupRequest,
): SliceReader {
  const read = tiers.map((tier) =>
    request.fields === undefined
      ? createPointsReader(tier, request.rangeMs)
      : createStepsReader(tier, request),
  );
  const reaches = tiers.map(({ reach }) => reach).filter(({ length }) => length > 0);
  const asSummaries = request.fields && createPointSummaries(request.fields);
  return {
    read(position) {
      const all = points.read(position);
      const own = reaches.length === 0 ? all : { ...all, ...outsideSteps(all, reaches, position) };
      const steps = read
        .map((tier) => tier(position))
        .filter(({ columns }) => columns[0]!.length > 0);
      if (steps.length === 0) return own;
      if (asSummaries === undefined) return { ...own, ...joinPoints(own, steps), shape: undefined };
      const parts = own.values.length === 0 ? steps : [...steps, asSummaries(own)];
      const { timestampsMs, columns } = joinParts(parts);
      return { timestampsMs, values: columns[0]!, fields: columns };
    },
  };
}

/** Columns of one series from one place. */
interface Part {
  readonly timestampsMs: Float64Array;
  readonly columns: readonly Float64Array[];
}

const NOTHING: Float64Array = new Float64Array(0);

/** The steps of a series as they lie in the tables: those that every field has. */
function createColumnsReader({ fields }: TierReader): (position: number) => Part {
  let known: readonly Float64Array[] = [];
  return (position) => {
    const found = fields.map((field) => field.read(position));
    const times = found.map(({ timestampsMs }) => timestampsMs);
    const columns = found.map(({ values }) => values);
    const isKnown = known.length > 0 && times.every((own, f) => own === known[f]);
    if (isKnown || times.every((own) => haveSame(own, times[0]!))) {
      known = times;
      return { timestampsMs: times[0]!, columns };
    }
    known = [];
    return commonSteps(found);
  };
}

function haveSame(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A damaged block takes steps from one field, and with it from all. */
function commonSteps(found: readonly PointColumns[]): Part {
  const [first, ...others] = found.map(({ timestampsMs }) => timestampsMs);
  const sets = others.map((times) => new Set(times));
  const timestampsMs = first!.filter((time) => sets.every((set) => set.has(time)));
  const wanted = new Set(timestampsMs);
  const columns = found.map((field) =>
    field.values.filter((_, i) => wanted.has(field.timestampsMs[i]!)),
  );
  return { timestampsMs, columns };
}

/** Each step as a summary at its end; while it lasts, where ranges are too narrow to meet it. */
function createStepsReader(
  tier: TierReader,
  { fields = LAST_POINT, rangeMs }: RollupRequest,
): (position: number) => Part {
  const { everyMs } = tier;
  const readColumns = createColumnsReader(tier);
  let known: Float64Array = NOTHING;
  let ends: Float64Array = NOTHING;
  return (position) => {
    const found = readColumns(position);
    const part = withoutStaleSteps(found);
    for (const [f, column] of part.columns.entries()) {
      if (isTime(fields[f]!)) toTimes(column, part.timestampsMs);
    }
    if (part.timestampsMs !== known) {
      known = part.timestampsMs;
      ends = known.map((startMs) => startMs + everyMs);
    }
    const steps = { timestampsMs: ends, columns: part.columns };
    return tier.isHeld && rangeMs < everyMs ? held(steps, tier, fields, rangeMs) : steps;
  };
}

function isTime(field: SummaryField): boolean {
  return field === 'first_ms' || field === 'last_ms';
}

/** From the start of each step to the epoch. That a stale marker follows is of no interest here. */
function toTimes(offsetsMs: Float64Array, startsMs: Float64Array): void {
  for (let i = 0; i < offsetsMs.length; i++) {
    offsetsMs[i] = startsMs[i]! + Math.floor(offsetsMs[i]!);
  }
}

function withoutStaleSteps(part: Part): Part {
  const [first] = part.columns;
  let stale = 0;
  for (let i = 0; i < first!.length; i++) if (isStale(first!, i)) stale++;
  if (stale === 0) return part;
  const isKept = (_: number, i: number) => !isStale(first!, i);
  return {
    timestampsMs: part.timestampsMs.filter(isKept),
    columns: part.columns.map((column) => column.filter(isKept)),
  };
}

/** Shows each step again, moved on by the width of the ranges, until the next one may end. */
function held(
  { timestampsMs, columns }: Part,
  { everyMs, heldUntilMs }: TierReader,
  fields: readonly SummaryField[],
  rangeMs: number,
): Part {
  const times: number[] = [];
  const from: number[] = [];
  for (const [i, endMs] of timestampsMs.entries()) {
    const untilMs = Math.min(endMs + everyMs, Math.max(heldUntilMs, endMs + 1));
    const byMs = Math.max(rangeMs, everyMs / HELD_MAX);
    for (let atMs = endMs; atMs < untilMs; atMs += byMs) {
      times.push(atMs);
      from.push(i);
    }
  }
  const shown = Float64Array.from(times);
  return {
    timestampsMs: shown,
    columns: columns.map((column, f) => {
      const moves = isTime(fields[f]!);
      return shown.map(
        (atMs, k) => column[from[k]!]! + (moves ? atMs - timestampsMs[from[k]!]! : 0),
      );
    }),
  };
}

/** Each step as its last point, and a stale marker where one follows. */
function createPointsReader(tier: TierReader, rangeMs: number): (position: number) => Part {
  const { everyMs, isHeld, heldUntilMs } = tier;
  const readColumns = createColumnsReader(tier);
  const holdMs = Math.max(rangeMs, everyMs / HELD_MAX);
  let known: Float64Array = NOTHING;
  return (position) => {
    const { timestampsMs: starts, columns } = readColumns(position);
    const [last, lastMs] = columns as [Float64Array, Float64Array];
    if (!isHeld && lastMs.every(Number.isInteger)) {
      toTimes(lastMs, starts);
      if (!haveSame(lastMs, known)) known = lastMs.slice();
      return { timestampsMs: known, columns: [last] };
    }
    const timeOf = (step: number) => starts[step]! + Math.floor(lastMs[step]!);
    const times: number[] = [];
    const from: number[] = [];
    for (let step = 0; step < last.length; step++) {
      const atMs = timeOf(step);
      times.push(atMs);
      from.push(step);
      if (lastMs[step]! % 1 === STALE_FOLLOWS) {
        times.push(atMs + 1);
        from.push(-1);
      } else if (isHeld && !isStale(last, step)) {
        const nextMs = step + 1 < last.length ? timeOf(step + 1) : Number.POSITIVE_INFINITY;
        const untilMs = Math.min(starts[step]! + 2 * everyMs, nextMs, heldUntilMs);
        for (let heldMs = atMs + holdMs; heldMs < untilMs; heldMs += holdMs) {
          times.push(heldMs);
          from.push(step);
        }
      }
    }
    const values = new Float64Array(times.length);
    for (const [i, step] of from.entries()) {
      if (step < 0) setStale(values, i);
      else values.set(last.subarray(step, step + 1), i);
    }
    return { timestampsMs: Float64Array.from(times), columns: [values] };
  };
}

function createPointSummaries(fields: readonly SummaryField[]): (points: PointColumns) => Part {
  return ({ timestampsMs, values }) => {
    const kept = Uint32Array.from(values.keys()).filter((i) => !isStale(values, i));
    const times = Float64Array.from(kept, (i) => timestampsMs[i]!);
    const own = Float64Array.from(kept, (i) => values[i]!);
    const columns = fields.map((field) => {
      if (field === 'count') return new Float64Array(kept.length).fill(1);
      if (field === 'resets') return new Float64Array(kept.length);
      return field === 'first_ms' || field === 'last_ms' ? times : own;
    });
    return { timestampsMs: times, columns };
  };
}

function joinPoints(own: PointColumns, steps: readonly Part[]): PointColumns {
  const parts = own.values.length === 0 ? steps : [...steps, { ...own, columns: [own.values] }];
  const { timestampsMs, columns } = joinParts(parts);
  return { timestampsMs, values: columns[0]! };
}

/** All of the parts in the order of time. */
function joinParts(parts: readonly Part[]): Part {
  if (parts.length === 1) return parts[0]!;
  const inOrder = [...parts]
    .filter(({ timestampsMs }) => timestampsMs.length > 0)
    .sort((a, b) => a.timestampsMs[0]! - b.timestampsMs[0]!);
  const timestampsMs = concat(inOrder.map((part) => part.timestampsMs));
  const columns = inOrder[0]!.columns.map((_, f) =>
    concat(inOrder.map((part) => part.columns[f]!)),
  );
  const isAscending = timestampsMs.every((time, i) => i === 0 || time >= timestampsMs[i - 1]!);
  if (isAscending) return { timestampsMs, columns };
  const order = Uint32Array.from(timestampsMs.keys()).sort(
    (a, b) => timestampsMs[a]! - timestampsMs[b]! || a - b,
  );
  return {
    timestampsMs: ordered(timestampsMs, order),
    columns: columns.map((c) => ordered(c, order)),
  };
}

function concat(columns: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const column of columns) {
    joined.set(column, at);
    at += column.length;
  }
  return joined;
}

/** Value by value as columns, which keeps their bits. */
function ordered(column: Float64Array, order: Uint32Array): Float64Array {
  const sorted = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) sorted.set(column.subarray(order[i]!, order[i]! + 1), i);
  return sorted;
}
