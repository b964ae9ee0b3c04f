// Decodes and merges the series of a slice, one after another. Series that are sent together share
// their timestamps: as long as they do, they get the same array, and whoever computes something
// from the times alone can tell by that.

import { assert } from './assert.ts';
import { NO_POINTS, type PointColumns } from './memtable.ts';
import { joinByTime, mergeRuns } from './merge.ts';
import type { SliceParts } from './slice.ts';
import type { SlicePoints, SliceReader, SliceTombstone } from './slice-types.ts';
import { chunksOf } from './sstable/block.ts';
import { NUMBERS, RISING } from './sstable/decoded-block.ts';
import type { PointBlock } from './sstable/point-block.ts';
import { lowerBoundMs, rangesHiding } from './tombstones/hidden.ts';

export interface LoadedTable {
  /** In order of series, then time. */
  readonly blocks: readonly PointBlock[];
  /** Those that may hide points of them. */
  readonly tombstones: readonly SliceTombstone[];
}

/** The points [first, end) of a chunk. */
interface ChunkPart {
  readonly block: PointBlock;
  readonly chunk: number;
  readonly timestampsMs: Float64Array;
  readonly first: number;
  readonly end: number;
}

const SCRATCH_POINTS_MIN = 4096;
/** By what is known of the values. */
const SHAPES = [undefined, 'numbers', 'rising'] as const;

export function createSliceReader(parts: SliceParts): SliceReader {
  const { ids, tables, memory, events } = parts;
  const cursors = tables.map((table) => createTableCursor(table, parts));
  let scratch = new Float64Array(SCRATCH_POINTS_MIN);
  let before: readonly ChunkPart[] = [];
  let sharedMs: Float64Array = new Float64Array(0);
  let lastPosition = -1;

  function readDisjoint(chunks: readonly ChunkPart[]): SlicePoints {
    const length = chunks.reduce((sum, { first, end }) => sum + end - first, 0);
    if (!haveSameTimes(chunks, before)) sharedMs = sameAs(sharedMs, joinTimes(chunks, length));
    before = chunks;
    if (scratch.length < length) scratch = new Float64Array(2 * length);
    const values = scratch.subarray(0, length);
    let known = RISING;
    let offset = 0;
    for (const chunk of chunks) {
      const end = offset + chunk.end - chunk.first;
      known = Math.min(known, readPart(chunk, values.subarray(offset, end)));
      if (offset > 0 && !(values[offset]! >= values[offset - 1]!)) known = Math.min(known, NUMBERS);
      offset = end;
    }
    return { timestampsMs: sharedMs, values, shape: SHAPES[known] };
  }

  function readMerged(chunks: readonly ChunkPart[], inMemory: readonly PointColumns[]) {
    const { timestampsMs, values } = mergeRuns([...chunks.map(columnsOf), ...inMemory]);
    sharedMs = sameAs(sharedMs, timestampsMs);
    before = [];
    return { timestampsMs: sharedMs, values };
  }

  function readPoints(position: number): SlicePoints {
    const chunks: ChunkPart[] = [];
    for (const cursor of cursors) cursor(ids[position]!, chunks);
    const inMemory = memory.map((runs) => runs[position]!);
    if (inMemory.every(({ values }) => values.length === 0)) {
      if (chunks.length === 0) return NO_POINTS;
      const byTime = inTimeOrder(chunks);
      if (byTime !== undefined) return readDisjoint(byTime);
    }
    return readMerged(chunks, inMemory);
  }

  return {
    read(position) {
      assert(position > lastPosition, 'series of a slice are read in their order');
      lastPosition = position;
      const points = readPoints(position);
      const ofStream = events?.[position];
      if (ofStream === undefined || ofStream.values.length === 0) return points;
      // A stream that has points too keeps them all.
      return { ...joinByTime(points, ofStream), isEvents: true };
    },
  };
}

/** Gives the chunks of one id after another, from one table. */
function createTableCursor(
  { blocks, tombstones }: LoadedTable,
  { startMs, endMs }: SliceParts,
): (id: number, into: ChunkPart[]) => void {
  let position = 0;
  let known: Float64Array | undefined;
  let first = 0;
  let end = 0;
  return (id, into) => {
    while (position < blocks.length && lastIdOf(blocks[position]!) < id) position++;
    const hidden = rangesHiding(tombstones, id);
    for (let at = position; at < blocks.length && blocks[at]!.ids[0]! <= id; at++) {
      const block = blocks[at]!;
      const chunks = chunksOf(block, id);
      for (let chunk = chunks.from; chunk < chunks.to; chunk++) {
        const timestampsMs = block.timesOf(chunk);
        if (timestampsMs !== known) {
          known = timestampsMs;
          first = lowerBoundMs(timestampsMs, startMs);
          end = lowerBoundMs(timestampsMs, endMs);
        }
        let from = first;
        for (const range of hidden) {
          const hiddenFrom = Math.min(end, lowerBoundMs(timestampsMs, range.startMs));
          if (from < hiddenFrom)
            into.push({ block, chunk, timestampsMs, first: from, end: hiddenFrom });
          from = Math.max(from, lowerBoundMs(timestampsMs, range.endMs));
        }
        if (from < end) into.push({ block, chunk, timestampsMs, first: from, end });
      }
    }
  };
}

function lastIdOf(block: PointBlock): number {
  return block.ids[block.ids.length - 1]!;
}

/** The usual case: each chunk covers a time of its own. Undefined where any two overlap. */
function inTimeOrder(chunks: readonly ChunkPart[]): readonly ChunkPart[] | undefined {
  if (areDisjoint(chunks)) return chunks;
  const byTime = [...chunks].sort((a, b) => startOf(a) - startOf(b));
  return areDisjoint(byTime) ? byTime : undefined;
}

function startOf({ timestampsMs, first }: ChunkPart): number {
  return timestampsMs[first]!;
}

function areDisjoint(chunks: readonly ChunkPart[]): boolean {
  for (let i = 1; i < chunks.length; i++) {
    const { timestampsMs, end } = chunks[i - 1]!;
    if (startOf(chunks[i]!) <= timestampsMs[end - 1]!) return false;
  }
  return true;
}

function haveSameTimes(a: readonly ChunkPart[], b: readonly ChunkPart[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ timestampsMs, first, end }, i) => {
      const other = b[i]!;
      return timestampsMs === other.timestampsMs && first === other.first && end === other.end;
    })
  );
}

/** `known`, if the other is the same, and the other otherwise. */
function sameAs(known: Float64Array, other: Float64Array): Float64Array {
  if (known.length !== other.length) return other;
  for (let i = 0; i < other.length; i++) if (known[i] !== other[i]) return other;
  return known;
}

function joinTimes(chunks: readonly ChunkPart[], length: number): Float64Array {
  const joined = new Float64Array(length);
  let offset = 0;
  for (const { timestampsMs, first, end } of chunks) {
    joined.set(timestampsMs.subarray(first, end), offset);
    offset += end - first;
  }
  return joined;
}

/** Returns what is known of the values. */
function readPart({ block, chunk, first, end }: ChunkPart, into: Float64Array): number {
  return block.readValues(chunk, first, end, into);
}

function columnsOf(part: ChunkPart): PointColumns {
  const values = new Float64Array(part.end - part.first);
  readPart(part, values);
  return { timestampsMs: part.timestampsMs.subarray(part.first, part.end), values };
}
