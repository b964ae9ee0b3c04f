// What PromQL sees of events: for every one of them a point of value 1. Only times are read. Where
// two places have an event of one stream and time, their texts say whether it is one event or two.

import { bytesAt } from '../coding/byte-column.ts';
import type { Core } from '../core.ts';
import type { PointColumns } from '../memtable.ts';
import { decodeChunk } from '../sstable/block.ts';
import type { TimeRange } from '../types.ts';
import type { Version } from '../version.ts';
import type { EventRun } from './event-memtable.ts';
import {
  type EventBlockSource,
  eventBlocks,
  eventMemtables,
  loadText,
  loadTimes,
  type SourceRequest,
} from './source.ts';

/** Times of one stream in their order, and where their bodies are. */
interface TimeRun {
  readonly timestampsMs: Float64Array;
  readonly nanos: ArrayLike<number>;
  /** The body of the event at a position; undefined when it is lost to damage. */
  bodyAt(position: number): Promise<Uint8Array | undefined>;
}

/** Whether there may be events at all in the range. */
export function mayHaveEvents(version: Version, range: TimeRange): boolean {
  if (eventMemtables(version, range).length > 0) return true;
  return version.parts.windows.some(({ startMs, endMs, tables }) => {
    if (startMs >= range.endMs || endMs <= range.startMs) return false;
    return tables.some(({ meta }) => meta.kind === 'events');
  });
}

/** By stream of `ids` (ascending) that has events in the range: their points. */
export async function eventPoints(
  version: Version,
  ids: Uint32Array,
  range: TimeRange,
  request: SourceRequest,
  core: Core,
): Promise<Map<number, PointColumns>> {
  const runs = new Map<number, TimeRun[]>();
  const wanted = new Set(ids);
  const add = (id: number, run: TimeRun) => {
    const ofStream = runs.get(id);
    if (ofStream === undefined) runs.set(id, [run]);
    else ofStream.push(run);
  };
  for (const table of await eventBlocks(version, ids, range, request, core)) {
    for (const source of table) {
      request.signal?.throwIfAborted();
      await addBlock(source, wanted, range, request, core, add);
    }
  }
  for (const events of eventMemtables(version, range)) addMemory(events.read(ids, range), add);
  const points = new Map<number, PointColumns>();
  for (const [id, ofStream] of runs) points.set(id, await mergeTimes(ofStream));
  return points;
}

async function addBlock(
  source: EventBlockSource,
  wanted: ReadonlySet<number>,
  { startMs, endMs }: TimeRange,
  request: SourceRequest,
  core: Core,
  add: (id: number, run: TimeRun) => void,
): Promise<void> {
  const block = await loadTimes(source, request, core);
  if (block === undefined) return;
  let base = 0;
  for (const [chunk, id] of block.ids.entries()) {
    const { timestampsMs, values: nanos } = decodeChunk(block, chunk);
    const chunkBase = base;
    base += nanos.length;
    if (!wanted.has(id)) continue;
    const isShown = (position: number) => {
      const ms = timestampsMs[position]!;
      return ms >= startMs && ms < endMs && !source.isHidden({ id, ms });
    };
    for (const { from, to } of stretches(nanos.length, isShown)) {
      add(id, {
        timestampsMs: timestampsMs.subarray(from, to),
        nanos: nanos.subarray(from, to),
        async bodyAt(position) {
          const text = await loadText(source, request, core);
          return text && bytesAt(text.bodies(), chunkBase + from + position);
        },
      });
    }
  }
}

/** Positions [from, to) below `count` of which all are shown, as long as they can be. */
function* stretches(count: number, isShown: (position: number) => boolean) {
  for (let from = 0; from < count; ) {
    let to = from;
    while (to < count && isShown(to)) to++;
    if (to > from) yield { from, to };
    from = to + 1;
  }
}

function addMemory({ columns, positions }: EventRun, add: (id: number, run: TimeRun) => void) {
  for (let from = 0; from < positions.length; ) {
    const id = columns.ids[positions[from]!]!;
    let to = from + 1;
    while (to < positions.length && columns.ids[positions[to]!] === id) to++;
    const own = positions.subarray(from, to);
    add(id, {
      timestampsMs: Float64Array.from(own, (position) => columns.timestampsMs[position]!),
      nanos: Uint32Array.from(own, (position) => columns.nanos[position]!),
      bodyAt: async (position) => bytesAt(columns.bodies, own[position]!),
    });
    from = to;
  }
}

/** A run on its way through a merge. */
interface TimeHead {
  readonly run: TimeRun;
  at: number;
}

/** All times of the runs, one for every event. */
async function mergeTimes(runs: readonly TimeRun[]): Promise<PointColumns> {
  const total = runs.reduce((sum, { timestampsMs }) => sum + timestampsMs.length, 0);
  const timestampsMs = new Float64Array(total);
  let count = 0;
  /** By the time that they stand at. */
  const heads = runs.map((run): TimeHead => ({ run, at: 0 })).sort(compareHeads);
  while (heads.length > 0) {
    const first = heads[0]!;
    const others = heads.findIndex((head) => compareHeads(first, head) !== 0);
    const equals = heads.splice(0, others < 0 ? heads.length : others);
    if (equals.length === 1) {
      const from = first.at;
      advanceTo(first, heads[0]);
      timestampsMs.set(first.run.timestampsMs.subarray(from, first.at), count);
      count += first.at - from;
    } else {
      const distinct = await countDistinct(equals);
      timestampsMs.fill(first.run.timestampsMs[first.at]!, count, count + distinct);
      count += distinct;
      for (const head of equals) head.at = endOfTime(head);
    }
    for (const head of equals) insertHead(heads, head);
  }
  return { timestampsMs: timestampsMs.subarray(0, count), values: new Float64Array(count).fill(1) };
}

/** Moves `head`, which is ahead of `bound`, up to it. */
function advanceTo(head: TimeHead, bound: TimeHead | undefined): void {
  const end = head.run.timestampsMs.length;
  if (bound === undefined) head.at = end;
  else
    do head.at++;
    while (head.at < end && compareHeads(head, bound) < 0);
}

function insertHead(heads: TimeHead[], head: TimeHead): void {
  if (head.at === head.run.timestampsMs.length) return;
  const at = heads.findIndex((other) => compareHeads(head, other) <= 0);
  heads.splice(at < 0 ? heads.length : at, 0, head);
}

function compareHeads(a: TimeHead, b: TimeHead): number {
  return (
    a.run.timestampsMs[a.at]! - b.run.timestampsMs[b.at]! || a.run.nanos[a.at]! - b.run.nanos[b.at]!
  );
}

/** Behind the events that have the time of the head. */
function endOfTime({ run: { timestampsMs, nanos }, at }: TimeHead): number {
  let end = at + 1;
  while (timestampsMs[end] === timestampsMs[at] && nanos[end] === nanos[at]) end++;
  return end;
}

/** How many events there are at one time; a lost body is taken for one of its own. */
async function countDistinct(heads: readonly TimeHead[]): Promise<number> {
  const bodies = new Set<string>();
  let lost = 0;
  for (const head of heads) {
    for (let position = head.at; position < endOfTime(head); position++) {
      const body = await head.run.bodyAt(position);
      if (body === undefined) lost++;
      else bodies.add(Buffer.from(body).toString('latin1'));
    }
  }
  return bodies.size + lost;
}
