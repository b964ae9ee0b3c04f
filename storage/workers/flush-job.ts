// The flush: a sealed memtable becomes one SSTable for each (policy, window) that it has points of.

import { assert } from '../assert.ts';
import { type ArenaColumns, arenaColumns, type MemtableArena } from '../memtable.ts';
import { sortNewestWins } from '../newest-wins.ts';
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

/** Points of one series in one window: [from, to) of the sorted columns. */
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

/** All points by series id, within a series in the order of writing until they are sorted. */
interface SortedColumns {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** By series id, where its points begin; one more entry than ids. */
  readonly starts: Uint32Array;
}

/** Kept from flush to flush: touching fresh memory costs more than filling it. */
let scratch = { timestampsMs: new Float64Array(0), values: new Float64Array(0) };

export function flush(input: FlushInput): FlushOutput {
  const columns = sortBySeries(arenaColumns(input.arena), input.arena.points);
  const tables = cutRuns(input, columns).map((window) =>
    buildTable(window, input.windowsMs[window.policyId]!, columns),
  );
  return { tables };
}

/** A counting sort: one pass of scattered writes, and everything after reads in order. */
function sortBySeries(log: ArenaColumns, points: number): SortedColumns {
  const { ids } = log;
  let idMax = 0;
  for (let i = 0; i < points; i++) if (ids[i]! > idMax) idMax = ids[i]!;
  const starts = new Uint32Array(idMax + 2);
  for (let i = 0; i < points; i++) starts[ids[i]! + 1]!++;
  for (let id = 1; id < starts.length; id++) starts[id]! += starts[id - 1]!;
  if (scratch.values.length < points) {
    scratch = { timestampsMs: new Float64Array(points), values: new Float64Array(points) };
  }
  const { timestampsMs, values } = scratch;
  const next = starts.slice();
  for (let i = 0; i < points; i++) {
    const at = next[ids[i]!]!++;
    timestampsMs[at] = log.timestampsMs[i]!;
    values[at] = log.values[i]!;
  }
  return { timestampsMs, values, starts };
}

/** Sorts each series by time, newest of equals only, and cuts it where windows end. */
function cutRuns(input: FlushInput, { timestampsMs, values, starts }: SortedColumns): WindowRuns[] {
  const windows = new Map<string, WindowRuns>();
  let last: WindowRuns | undefined;
  for (let id = 0; id + 1 < starts.length; id++) {
    const from = starts[id]!;
    const end = starts[id + 1]!;
    const policyId = input.policyIds[id]!;
    if (end === from || policyId === 0) continue;
    const windowMs = input.windowsMs[policyId] ?? 0;
    assert(windowMs > 0, 'a series has a policy with a window');
    const own = timestampsMs.subarray(from, end);
    const to = from + sortNewestWins(own, values.subarray(from, end), own.length);
    for (let at = from; at < to; ) {
      const startMs = windowStart(timestampsMs[at]!, windowMs);
      const runTo = runEnd(timestampsMs, at, to, startMs + windowMs);
      if (last?.policyId !== policyId || last.startMs !== startMs) {
        const key = `${policyId} ${startMs}`;
        last = windows.get(key) ?? { policyId, startMs, runs: [] };
        windows.set(key, last);
      }
      last.runs.push({ id, from: at, to: runTo });
      at = runTo;
    }
  }
  return [...windows.values()].sort((a, b) => a.policyId - b.policyId || a.startMs - b.startMs);
}

/** The first index in [from, to) whose time is not before `endMs`, or `to`. */
function runEnd(timestampsMs: Float64Array, from: number, to: number, endMs: number): number {
  if (timestampsMs[to - 1]! < endMs) return to;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestampsMs[middle]! < endMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function buildTable(
  window: WindowRuns,
  windowMs: number,
  { timestampsMs, values }: SortedColumns,
): FlushedTable {
  const builder = createTableBuilder({
    policyId: window.policyId,
    windowStartMs: window.startMs,
    windowEndMs: window.startMs + windowMs,
  });
  for (const { id, from, to } of window.runs) builder.add(id, timestampsMs, values, from, to);
  const summary = builder.finish();
  return { bytes: joined(builder.drain(), summary.sizeBytes), summary };
}

/** The parts of a file as one piece. */
export function joined(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  assert(at === sizeBytes, 'the parts of a table add up to its size');
  return bytes;
}
