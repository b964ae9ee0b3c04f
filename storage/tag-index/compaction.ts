// The job that carries out one pick: merges tables into tables of the level below. Pure: bytes
// in, bytes out.

import type { IndexRecord } from './block.ts';
import { mergeRecords } from './merge.ts';
import { readIndexTable } from './table.ts';
import { type BuiltIndexTable, buildIndexTables, type IndexTableOptions } from './table-builder.ts';

export interface IndexCompactionInput extends IndexTableOptions {
  /** Newest first; the tables of one run have disjoint key ranges and are in their order. */
  readonly runs: readonly (readonly IndexTableBytes[])[];
  /** Nothing below the output can hold what a tombstone hides. */
  readonly dropTombstones: boolean;
}

/** A whole table, and where it came from, for errors. */
export interface IndexTableBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Tables with disjoint key ranges, in their order. Throws CorruptionError on damaged input. */
export function compactIndexTables(input: IndexCompactionInput): BuiltIndexTable[] {
  const runs = input.runs.map(recordsOf);
  return buildIndexTables(mergeRecords(runs, input.dropTombstones), input);
}

function* recordsOf(run: readonly IndexTableBytes[]): IterableIterator<IndexRecord> {
  for (const { path, bytes } of run) yield* readIndexTable(bytes, path);
}
