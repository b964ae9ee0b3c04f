// Every maximum of storage, and how they hang together.

import { assert } from './assert.ts';

const MIB = 2 ** 20;

/** Payload bytes of one WAL record. An append of more is split by the caller. */
export const WAL_RECORD_BYTES_MAX = 64 * MIB;

/** Replay reads segments in pieces of this size; a larger record is read in one piece. */
export const WAL_READ_BYTES = MIB;

/** Payload bytes of one manifest edit: a snapshot of some 500,000 tables. */
export const MANIFEST_EDIT_BYTES_MAX = 64 * MIB;

/** A manifest longer than this, and than twice its snapshot, is rewritten as one. */
export const MANIFEST_REWRITE_BYTES = 4 * MIB;

assert(WAL_READ_BYTES <= WAL_RECORD_BYTES_MAX, 'a piece of replay is no longer than a record');
assert(MANIFEST_REWRITE_BYTES < MANIFEST_EDIT_BYTES_MAX, 'a snapshot fits into one edit');
