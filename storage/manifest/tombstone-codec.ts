// A tombstone as bytes: its place, its range, and its series as the gaps between runs and their
// lengths. See docs/format/tombstones.md.

import type { ByteReader } from '../coding/byte-reader.ts';
import type { ByteWriter } from '../coding/byte-writer.ts';
import type { Tombstone } from './edit.ts';

/** Series ids are below; so is the end of a run, which is not an id. */
const SERIES_END_MAX = 2 ** 32 - 1;
/** A run takes at least two bytes. */
const RUN_BYTES_MIN = 2;

export function writeTombstone(writer: ByteWriter, tombstone: Tombstone): void {
  const { starts, ends } = tombstone.series;
  writer.varint(tombstone.sequence);
  // Doubles: a range may end after the 2^53 of a varint.
  writer.float64(tombstone.startMs);
  writer.float64(tombstone.endMs);
  writer.varint(starts.length);
  let before = 0;
  for (let run = 0; run < starts.length; run++) {
    writer.varint(starts[run]! - before);
    writer.varint(ends[run]! - starts[run]!);
    before = ends[run]!;
  }
}

export function readTombstone(reader: ByteReader): Tombstone {
  const sequence = reader.varint();
  const startMs = reader.float64();
  const endMs = reader.float64();
  const count = reader.varint();
  if (count * RUN_BYTES_MIN > reader.remaining) throw reader.corrupt('more runs than bytes');
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let before = 0;
  for (let run = 0; run < count; run++) {
    const start = before + reader.varint();
    before = start + reader.varint();
    if (before > SERIES_END_MAX) throw reader.corrupt('a series id beyond 32 bits');
    starts[run] = start;
    ends[run] = before;
  }
  return { sequence, startMs, endMs, series: { starts, ends } };
}
