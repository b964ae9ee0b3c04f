// Every maximum of storage, and how they hang together.

import { assert } from './assert.ts';

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Payload bytes of one WAL record. An append of more is split by the caller. */
export const WAL_RECORD_BYTES_MAX = 64 * MIB;

/** Replay reads segments in pieces of this size; a larger record is read in one piece. */
export const WAL_READ_BYTES = MIB;

/** Payload bytes of one manifest edit: a snapshot of some 500,000 tables. */
export const MANIFEST_EDIT_BYTES_MAX = 64 * MIB;

/** A manifest longer than this, and than twice its snapshot, is rewritten as one. */
export const MANIFEST_REWRITE_BYTES = 4 * MIB;

/** Points of a chunk: more of one series become several chunks. */
export const CHUNK_POINTS_MAX = 8192;

/** Chunks of a block. */
export const BLOCK_CHUNKS_MAX = 4096;

/** Bytes of a decompressed block, which a reader checks before it takes memory for them. */
export const BLOCK_BYTES_MAX = 4 * MIB;

/** A table has fewer blocks than this: hundreds of GiB. */
export const TABLE_BLOCKS_MAX = 2 ** 24;

/**
 * A table is synced in steps of so many bytes as it is written: an fsync of the log may wait behind
 * what the disk was given before it, and a batch waits for that one. Chosen, not measured.
 */
export const TABLE_SYNC_BYTES = MIB;

/** Files of tables open at once, for reading. Linux gives a process 1024 of all kinds at least. */
export const TABLE_HANDLES_MAX = 256;

/**
 * A block is finished once its streams hold so much before compression. About two thirds are left
 * on disk. Half as much costs 0.7 % more bytes a point, twice as much saves 0.5 %, and a read of
 * one series has to read all of it.
 */
export const BLOCK_STREAM_BYTES = 64 * KIB;

/** ... or so many points: constant series take no stream bytes, but decoding them takes time. */
export const BLOCK_POINTS_MAX = 64 * KIB;

/** Bytes of one event: its body and its attributes. */
export const EVENT_BYTES_MAX = MIB;

/**
 * A block of events is finished once its bodies and attributes have so many bytes. Half as much
 * takes 2 % more on disk; twice as much saves 1 %, and reading one event has to read all of it.
 */
export const EVENT_BLOCK_BYTES = 512 * KIB;

/** Bytes of events in one WAL record, but for the last of them; a larger batch becomes several. */
export const EVENT_RECORD_BYTES = 8 * MIB;

/** Tombstones that are not applied to every table yet. */
export const TOMBSTONES_MAX = 1024;

/** Runs of series ids in all of them together: 8 B of memory, at most 10 B of a manifest each. */
export const TOMBSTONE_RUNS_MAX = 2 ** 22;

assert(WAL_READ_BYTES <= WAL_RECORD_BYTES_MAX, 'a piece of replay is no longer than a record');
assert(MANIFEST_REWRITE_BYTES < MANIFEST_EDIT_BYTES_MAX, 'a snapshot fits into one edit');
assert(TOMBSTONE_RUNS_MAX * 10 < MANIFEST_EDIT_BYTES_MAX, 'tombstones fit into a snapshot');
assert(CHUNK_POINTS_MAX <= 2 ** 16, 'a position in a chunk fits 16 bits');
assert(
  BLOCK_STREAM_BYTES + 16 * (CHUNK_POINTS_MAX + BLOCK_POINTS_MAX) < BLOCK_BYTES_MAX,
  'the chunk that fills a block, and an exception for every point, still fit into it',
);
assert(
  2 * (EVENT_BLOCK_BYTES + EVENT_BYTES_MAX) < BLOCK_BYTES_MAX,
  'the event that fills a block still fits into it, with an end after each of its digits',
);
