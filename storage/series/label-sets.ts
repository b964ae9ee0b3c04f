// A set of label sets, made for millions. Series share nearly all of their labels with others: each
// label is kept once, as its canonical bytes, and a label set is the numbers of its labels, in
// order. Each set gets a dense slot from 0. It takes some 16 B and 4 B a label, where its bytes
// would take 100 to 200.
//
//   words    | labels of slot 0 | labels of slot 1 | ...     numbers of labels
//   starts   where each begins in `words`, and behind the last where it ends

import { assert } from '../assert.ts';
import { ByteTable, type ByteTableColumns, bytesInSlot } from '../coding/byte-table.ts';
import { grown, sharedColumn } from '../coding/shared-column.ts';
import { placeSlot, placeSlots } from '../coding/slot-index.ts';
import type { Labels } from './labels.ts';
import { decodeLabels, textEnd } from './labels-codec.ts';
import type { LabelsKey } from './labels-key.ts';

const SLOTS_START = 64;
const WORDS_START = 512;

/** What is in a LabelSets, as plain data in shared memory. */
export interface LabelSetColumns {
  readonly labels: ByteTableColumns;
  readonly words: Uint32Array;
  readonly starts: Uint32Array;
}

/** The labels in `slot`, by number. */
export function wordsOf({ words, starts }: LabelSetColumns, slot: number): Uint32Array {
  return words.subarray(starts[slot]!, starts[slot + 1]!);
}

/** The canonical bytes in `slot`, behind `prefix` bytes of zero. */
export function labelBytesOf(columns: LabelSetColumns, slot: number, prefix = 0): Uint8Array {
  const { labels, words, starts } = columns;
  const end = starts[slot + 1]!;
  let length = prefix;
  for (let at = starts[slot]!; at < end; at++) length += labels.lengths[words[at]!]!;
  const bytes = new Uint8Array(length);
  let offset = prefix;
  for (let at = starts[slot]!; at < end; at++) {
    bytes.set(bytesInSlot(labels, words[at]!), offset);
    offset += labels.lengths[words[at]!]!;
  }
  return bytes;
}

export class LabelSets {
  readonly #labels = new ByteTable();
  #words = sharedColumn(WORDS_START);
  #wordCount = 0;
  #size = 0;
  #starts = sharedColumn(SLOTS_START + 1);
  #hashes = sharedColumn(SLOTS_START);
  /** Slot + 1, or 0; linear probing; at most half full. */
  #index = sharedColumn(2 * SLOTS_START);

  get size(): number {
    return this.#size;
  }

  /** Each label that some set has, by number. */
  get labels(): ByteTable {
    return this.#labels;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    const columns = this.#wordCount * 4 + this.#size * 8 + this.#index.byteLength;
    return this.#labels.memoryBytes + columns;
  }

  /** The slot of the label set, or -1. */
  find(key: LabelsKey): number {
    const mask = this.#index.length - 1;
    for (let at = key.hash & mask; ; at = (at + 1) & mask) {
      const slot = this.#index[at]! - 1;
      if (slot === -1) return -1;
      if (this.#hashes[slot] === key.hash && this.#holds(slot, key)) return slot;
    }
  }

  /** Takes a label set that `find` does not know; its slot is the size before. */
  insert({ bytes, length, hash }: LabelsKey): number {
    if (this.#size === this.#hashes.length) this.#grow();
    for (let from = 0; from < length; ) {
      const to = labelEnd(bytes, from);
      if (this.#wordCount === this.#words.length) {
        this.#words = grown(this.#words, this.#wordCount * 2);
      }
      this.#words[this.#wordCount++] = this.#labels.intern(bytes, from, to);
      from = to;
    }
    const slot = this.#size++;
    this.#starts[slot + 1] = this.#wordCount;
    this.#hashes[slot] = hash;
    placeSlot(this.#index, this.#hashes[slot]!, slot);
    return slot;
  }

  /** The numbers of the labels in `slot`, good until the next insert. */
  wordsOf(slot: number): Uint32Array {
    return wordsOf(this.columns(), slot);
  }

  labelsOf(slot: number): Labels {
    return decodeLabels(labelBytesOf(this.columns(), slot));
  }

  /** What is in `slot`, as a key of its own. */
  keyOf(slot: number): LabelsKey {
    assert(slot < this.#size, 'a slot that was handed out');
    const bytes = labelBytesOf(this.columns(), slot);
    return { bytes, length: bytes.length, hash: this.#hashes[slot]! };
  }

  /** All there is, for as long as nothing is inserted; only slots below the size count. */
  columns(): LabelSetColumns {
    return { labels: this.#labels.columns(), words: this.#words, starts: this.#starts };
  }

  #holds(slot: number, { bytes, length }: LabelsKey): boolean {
    let from = 0;
    for (let at = this.#starts[slot]!; at < this.#starts[slot + 1]!; at++) {
      const label = this.#words[at]!;
      const to = from + this.#labels.lengthOf(label);
      if (to > length || !this.#labels.holds(label, bytes, from, to)) return false;
      from = to;
    }
    return from === length;
  }

  #grow(): void {
    const slots = this.#hashes.length * 2;
    this.#starts = grown(this.#starts, slots + 1);
    this.#hashes = grown(this.#hashes, slots);
    this.#index = sharedColumn(2 * slots);
    placeSlots(this.#index, this.#hashes, this.#size);
  }
}

/** Where the label that begins at `from` of canonical bytes ends: behind its name and its value. */
function labelEnd(bytes: Uint8Array, from: number): number {
  return textEnd(bytes, textEnd(bytes, from));
}
