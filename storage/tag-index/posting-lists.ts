// Lists of ascending series ids that all grow at once, in about a byte an id: what is kept of an id
// is its gap to the one before, as a varint. A list of one id has no more than its columns; the
// others have their gaps in slices of an arena, each about as long as all before it.
//
//   slice | gaps, which may go on in the next slice ... | address of the next slice: u32 |

import { ByteArena, chunkOf, offsetOf } from '../coding/byte-arena.ts';
import { grown, sharedColumn } from '../coding/shared-column.ts';
import type { SeriesId } from '../series/labels.ts';
import type { Postings } from './postings.ts';

const LISTS_START = 64;
const SLICE_BYTES_MIN = 12;
const SLICE_BYTES_MAX = 4092;
const LINK_BYTES = 4;
const COLUMNS_BYTES = 6 * 4;

/** What a PostingLists holds, as plain data in shared memory. */
export interface PostingColumns {
  readonly chunks: readonly Uint8Array[];
  /** By list: ids in it, the first one, and where its first slice is once there are two. */
  readonly counts: Uint32Array;
  readonly firstIds: Uint32Array;
  readonly slices: Uint32Array;
}

/** The bytes of gaps that a slice has which was begun when the list had `count` ids. */
function sliceBytes(count: number): number {
  return Math.max(SLICE_BYTES_MIN, Math.min(SLICE_BYTES_MAX, count));
}

/** The ids of `list`, in memory of their own. */
export function readPostings(columns: PostingColumns, list: number): Postings {
  const { chunks, counts, firstIds, slices } = columns;
  const count = counts[list] ?? 0;
  const ids = new Uint32Array(count);
  if (count === 0) return ids;
  let id = firstIds[list]!;
  ids[0] = id;
  let chunk = chunks[chunkOf(slices[list]!)]!;
  let at = offsetOf(slices[list]!);
  let left = sliceBytes(1);
  for (let i = 1; i < count; i++) {
    let byte = 0x80;
    let gap = 0;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (left === 0) {
        const next = readLink(chunk, at);
        chunk = chunks[chunkOf(next)]!;
        at = offsetOf(next);
        left = sliceBytes(i);
      }
      byte = chunk[at++]!;
      left--;
      gap |= (byte & 0x7f) << shift;
    }
    id = (id + gap) >>> 0;
    ids[i] = id;
  }
  return ids;
}

export class PostingLists {
  readonly #arena = new ByteArena();
  #size = 0;
  #counts = sharedColumn(LISTS_START);
  #firstIds = sharedColumn(LISTS_START);
  #lastIds = sharedColumn(LISTS_START);
  #slices = sharedColumn(LISTS_START);
  /** By list: the address of its next byte, and how many there are in the slice from there on. */
  #ends = sharedColumn(LISTS_START);
  #lefts = sharedColumn(LISTS_START);

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#arena.memoryBytes + this.#size * COLUMNS_BYTES;
  }

  /** Ids in `list`; none in one that nothing was added to. */
  countOf(list: number): number {
    return this.#counts[list] ?? 0;
  }

  /** Adds an id above those that `list` has. */
  add(list: number, id: SeriesId): void {
    if (list >= this.#size) this.#reserve(list + 1);
    const count = this.#counts[list]!++;
    if (count === 0) this.#firstIds[list] = id;
    else {
      let gap = (id - this.#lastIds[list]!) >>> 0;
      for (; gap >= 0x80; gap >>>= 7) this.#put(list, count, (gap & 0x7f) | 0x80);
      this.#put(list, count, gap);
    }
    this.#lastIds[list] = id;
  }

  /** The ids of `list`. */
  read(list: number): Postings {
    return readPostings(this.columns(), list);
  }

  /** All there is, for as long as nothing is added. */
  columns(): PostingColumns {
    return {
      chunks: this.#arena.chunks,
      counts: this.#counts,
      firstIds: this.#firstIds,
      slices: this.#slices,
    };
  }

  #put(list: number, count: number, byte: number): void {
    if (this.#lefts[list] === 0) this.#addSlice(list, count);
    const at = this.#ends[list]!++;
    this.#lefts[list]!--;
    this.#arena.chunks[chunkOf(at)]![offsetOf(at)] = byte;
  }

  #addSlice(list: number, count: number): void {
    const bytes = sliceBytes(count);
    const slice = this.#arena.take(bytes + LINK_BYTES);
    if (count === 1) this.#slices[list] = slice;
    else
      writeLink(
        this.#arena.chunks[chunkOf(this.#ends[list]!)]!,
        offsetOf(this.#ends[list]!),
        slice,
      );
    this.#ends[list] = slice;
    this.#lefts[list] = bytes;
  }

  #reserve(size: number): void {
    this.#size = size;
    const { length } = this.#counts;
    if (size <= length) return;
    const wider = Math.max(size, length * 2);
    this.#counts = grown(this.#counts, wider);
    this.#firstIds = grown(this.#firstIds, wider);
    this.#lastIds = grown(this.#lastIds, wider);
    this.#slices = grown(this.#slices, wider);
    this.#ends = grown(this.#ends, wider);
    this.#lefts = grown(this.#lefts, wider);
  }
}

function writeLink(chunk: Uint8Array, at: number, address: number): void {
  chunk[at] = address & 255;
  chunk[at + 1] = (address >>> 8) & 255;
  chunk[at + 2] = (address >>> 16) & 255;
  chunk[at + 3] = address >>> 24;
}

function readLink(chunk: Uint8Array, at: number): number {
  return (
    (chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24)) >>> 0
  );
}
