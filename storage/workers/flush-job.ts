// The flush: a sealed memtable becomes one SSTable for each (policy, window) that it has points of.

import { assert } from '../assert.ts';
import { type ArenaColumns, arenaColumns, type MemtableArena } from '../memtable.ts';
import type { TableSummary } from '../sstable/format.ts';
import { createTableBuilder } from '../sstable/writer.ts';
import { windowStart } from '../window.ts';

export interface FlushInput {
  readonly arena: MemtableArena;
  /**
   * By series id, its policy's id; from 1. Up to the largest id in the arena. Points of a series
   * whose policy id is 0 are left out.
   */
  readonly policyIds: Uint32Array;
  /** By policy id, the width of its windows in ms. */
  readonly windowsMs: Float64Array;
}

export interface FlushedTable {
  /** The file, whole. */
  readonly bytes: Uint8Array;
  readonly summary: TableSummary;
}

export interface FlushOutput {
  /** By policy id, then window. */
  readonly tables: readonly FlushedTable[];
}

/** Points of one series in one window: positions [from, to) in the order of flushing. */
interface Run {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

interface WindowRuns {
  readonly policyId: number;
  readonly startMs: number;
  readonly runs: Run[];
}

/** Columns of one run, reused. */
interface Scratch {
  timestampsMs: Float64Array;
  values: Float64Array;
}

export function flush(input: FlushInput): FlushOutput {
  const log = arenaColumns(input.arena);
  const order = orderBySeries(log.ids, input.arena.points);
  const windows = cutRuns(input, log, order);
  const scratch: Scratch = { timestampsMs: new Float64Array(0), values: new Float64Array(0) };
  const tables = windows.map((window) => {
    const windowMs = input.windowsMs[window.policyId]!;
    return buildTable(window, windowMs, log, order.positions, scratch);
  });
  return { tables };
}

interface SeriesOrder {
  /** Positions in the log by series id, then by order of writing. */
  readonly positions: Uint32Array;
  /** By series id, where its positions begin; one more entry than ids. */
  readonly starts: Uint32Array;
}

/** A counting sort by series id. */
function orderBySeries(ids: Uint32Array, points: number): SeriesOrder {
  let idMax = 0;
  for (let i = 0; i < points; i++) if (ids[i]! > idMax) idMax = ids[i]!;
  const starts = new Uint32Array(idMax + 2);
  for (let i = 0; i < points; i++) starts[ids[i]! + 1]!++;
  for (let id = 1; id < starts.length; id++) starts[id]! += starts[id - 1]!;
  const next = starts.slice();
  const positions = new Uint32Array(points);
  for (let i = 0; i < points; i++) positions[next[ids[i]!]!++] = i;
  return { positions, starts };
}

/** Sorts each series by time, newest of equals only, and cuts it where windows end. */
function cutRuns(input: FlushInput, log: ArenaColumns, order: SeriesOrder): WindowRuns[] {
  const windows = new Map<string, WindowRuns>();
  let last: WindowRuns | undefined;
  for (let id = 0; id + 1 < order.starts.length; id++) {
    const from = order.starts[id]!;
    const policyId = input.policyIds[id]!;
    if (order.starts[id + 1]! === from || policyId === 0) continue;
    const to = sortByTime(log.timestampsMs, order.positions, from, order.starts[id + 1]!);
    const windowMs = input.windowsMs[policyId] ?? 0;
    assert(windowMs > 0, 'a series has a policy with a window');
    for (let at = from; at < to; ) {
      const startMs = windowStart(log.timestampsMs[order.positions[at]!]!, windowMs);
      const end = runEnd(log.timestampsMs, order.positions, at, to, startMs + windowMs);
      if (last?.policyId !== policyId || last.startMs !== startMs) {
        const key = `${policyId} ${startMs}`;
        last = windows.get(key) ?? { policyId, startMs, runs: [] };
        windows.set(key, last);
      }
      last.runs.push({ id, from: at, to: end });
      at = end;
    }
  }
  return [...windows.values()].sort((a, b) => a.policyId - b.policyId || a.startMs - b.startMs);
}

/** Returns the new end: positions of overwritten points are left out. */
function sortByTime(
  timestampsMs: Float64Array,
  positions: Uint32Array,
  from: number,
  to: number,
): number {
  let ascending = true;
  for (let i = from + 1; i < to && ascending; i++) {
    ascending = timestampsMs[positions[i]!]! > timestampsMs[positions[i - 1]!]!;
  }
  if (ascending) return to;
  const run = positions.subarray(from, to);
  run.sort((a, b) => timestampsMs[a]! - timestampsMs[b]! || a - b);
  let kept = 0;
  for (const position of run) {
    const isSame = kept > 0 && timestampsMs[run[kept - 1]!] === timestampsMs[position];
    if (isSame) kept--;
    run[kept++] = position;
  }
  return from + kept;
}

/** The first index in [from, to) whose time is not before `endMs`, or `to`. */
function runEnd(
  timestampsMs: Float64Array,
  positions: Uint32Array,
  from: number,
  to: number,
  endMs: number,
): number {
  if (timestampsMs[positions[to - 1]!]! < endMs) return to;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestampsMs[positions[middle]!]! < endMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function buildTable(
  window: WindowRuns,
  windowMs: number,
  log: ArenaColumns,
  positions: Uint32Array,
  scratch: Scratch,
): FlushedTable {
  const builder = createTableBuilder({
    policyId: window.policyId,
    windowStartMs: window.startMs,
    windowEndMs: window.startMs + windowMs,
  });
  for (const { id, from, to } of window.runs) {
    gather(log, positions, from, to, scratch);
    builder.add(id, scratch.timestampsMs, scratch.values, 0, to - from);
  }
  const summary = builder.finish();
  return { bytes: joined(builder.drain(), summary.sizeBytes), summary };
}

function gather(
  log: ArenaColumns,
  positions: Uint32Array,
  from: number,
  to: number,
  scratch: Scratch,
): void {
  if (scratch.values.length < to - from) {
    scratch.timestampsMs = new Float64Array(2 * (to - from));
    scratch.values = new Float64Array(2 * (to - from));
  }
  const { timestampsMs, values } = scratch;
  for (let i = from; i < to; i++) {
    const position = positions[i]!;
    timestampsMs[i - from] = log.timestampsMs[position]!;
    values[i - from] = log.values[position]!;
  }
}

function joined(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  assert(at === sizeBytes, 'the parts of a table add up to its size');
  return bytes;
}
