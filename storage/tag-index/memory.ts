// The part of the tag index that is not on disk yet: series registered and forgotten since the
// last flush. Sealed with the memtable: from then on nothing is added, and it is read until the
// table made of it is live.

import { assert } from '../assert.ts';
import { ByteReader } from '../coding/byte-reader.ts';
import { ByteTable, type ByteTableColumns } from '../coding/byte-table.ts';
import { grown, sharedColumn } from '../coding/shared-column.ts';
import { type LabelSetColumns, LabelSets } from '../series/label-sets.ts';
import type { Labels, SeriesId } from '../series/labels.ts';
import { LabelsEncoder, textEnd } from '../series/labels-codec.ts';
import type { LabelsKey } from '../series/labels-key.ts';
import { type PostingColumns, PostingLists } from './posting-lists.ts';
import { gallop, NO_POSTINGS, type Postings } from './postings.ts';

const CAPACITY_START = 64;
const FORGOTTEN_BYTES = 64;
/** What a label set stands for that is here only because a series that had it was forgotten. */
export const NO_WORD = 2 ** 32 - 1;

/** All of a sealed memory as plain data, for the job that makes a table of it (flush.ts). */
export interface IndexMemoryData {
  readonly sets: LabelSetColumns;
  /**
   * Per slot of `sets`: the id that the label set has now, 0 when that was forgotten, or 2^32-1
   * when nothing is said here of who has it.
   */
  readonly slotIds: Uint32Array;
  /** Series registered here, ascending, and the slots of their labels. */
  readonly ids: Uint32Array;
  readonly slots: Uint32Array;
  /** Per label of `sets`: its name, by number; and the series registered here that have it. */
  readonly labelNames: Uint32Array;
  readonly postings: PostingColumns;
  /** Per name: its text behind its length, and the series registered here that have it. */
  readonly names: ByteTableColumns;
  readonly nameCount: number;
  readonly namePostings: PostingColumns;
  /** Series forgotten here, whoever registered them, ascending, and the slots of their labels. */
  readonly forgottenIds: Uint32Array;
  readonly forgottenSlots: Uint32Array;
}

export class IndexMemory {
  readonly #sets = new LabelSets();
  #slotIds = sharedColumn(CAPACITY_START);
  #ids = sharedColumn(CAPACITY_START);
  #slots = sharedColumn(CAPACITY_START);
  #size = 0;
  #changes = 0;
  /** By label: its name, and 1 + the label with that name before it. */
  #labelNames = sharedColumn(CAPACITY_START);
  #before = sharedColumn(CAPACITY_START);
  #labelCount = 0;
  readonly #postings = new PostingLists();
  readonly #names = new ByteTable();
  /** By name: 1 + the last label that has it. */
  readonly #lastLabels: number[] = [];
  readonly #namePostings = new PostingLists();
  readonly #forgotten = new Map<SeriesId, number>();
  /** Sorted ids of #forgotten, until the next one. */
  #forgottenIds: Postings | undefined;

  /** Series registered here. */
  get size(): number {
    return this.#size;
  }

  /** Another one after each change. */
  get revision(): number {
    return this.#changes;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#forgotten.size === 0;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    const labels = this.#sets.memoryBytes + this.#sets.size * 4 + this.#labelCount * 8;
    const series = this.#size * 8 + this.#forgotten.size * FORGOTTEN_BYTES;
    const postings = this.#postings.memoryBytes + this.#namePostings.memoryBytes;
    return labels + series + postings + this.#names.memoryBytes;
  }

  /**
   * Registers a series with the labels of `key`. Ids ascend from call to call. A series that is
   * here already is left as it is, so that a log can be replayed over it.
   */
  add(key: LabelsKey, id: SeriesId): void {
    const last = this.#size === 0 ? 0 : this.#ids[this.#size - 1]!;
    if (id <= last && this.#slotOf(id) !== -1) return;
    assert(id > last, 'series ids ascend');
    this.#changes++;
    const known = this.#sets.find(key);
    const slot = known === -1 ? this.#insert(key) : known;
    this.#slotIds[slot] = id;
    if (this.#size === this.#ids.length) {
      this.#ids = grown(this.#ids, this.#size * 2);
      this.#slots = grown(this.#slots, this.#size * 2);
    }
    this.#ids[this.#size] = id;
    this.#slots[this.#size++] = slot;
    const labels = this.#sets.wordsOf(slot);
    for (let i = 0; i < labels.length; i++) {
      this.#postings.add(labels[i]!, id);
      this.#namePostings.add(this.#labelNames[labels[i]!]!, id);
    }
  }

  /**
   * Leaves a tombstone for a series, wherever it was registered; `key` is that of its labels, and
   * `isCurrent` whether they stand for it: they may have come back as a newer series.
   */
  forget(key: LabelsKey, id: SeriesId, isCurrent: boolean): void {
    const known = this.#sets.find(key);
    const slot = known === -1 ? this.#insert(key) : known;
    if (isCurrent) this.#slotIds[slot] = 0;
    this.#forgotten.set(id, slot);
    this.#changes++;
    this.#forgottenIds = undefined;
  }

  /** The id of a label set: 0 when it was forgotten here, undefined when older sources know. */
  find(key: LabelsKey): SeriesId | undefined {
    const slot = this.#sets.find(key);
    const id = slot === -1 ? NO_WORD : this.#slotIds[slot]!;
    return id === NO_WORD ? undefined : id;
  }

  hasForgotten(id: SeriesId): boolean {
    return this.#forgotten.has(id);
  }

  /** The labels of a series registered here, be it forgotten or not. */
  labelsOf(id: SeriesId): Labels | undefined {
    const slot = this.#slotOf(id);
    return slot === -1 ? undefined : this.#sets.labelsOf(slot);
  }

  /** Every series registered here. */
  all(): Postings {
    return this.#ids.subarray(0, this.#size);
  }

  /** Series forgotten here, whoever registered them. */
  forgotten(): Postings {
    this.#forgottenIds ??= Uint32Array.from(this.#forgotten.keys()).sort();
    return this.#forgottenIds;
  }

  /** Names of labels that a series registered here has. */
  *names(): Iterable<string> {
    for (let name = 0; name < this.#names.size; name++) {
      if (this.#namePostings.countOf(name) > 0)
        yield new ByteReader(this.#names.bytesOf(name), 'memory').string();
    }
  }

  /** Values of `name` that a series registered here has, and the label that is both. */
  *values(name: string): Iterable<readonly [value: string, label: number]> {
    const of = this.#nameOf(name);
    if (of === -1) return;
    for (let next = this.#lastLabels[of]!; next > 0; next = this.#before[next - 1]!) {
      const label = next - 1;
      if (this.#postings.countOf(label) === 0) continue;
      yield [valueIn(this.#sets.labels.bytesOf(label)), label];
    }
  }

  /** Series with a label, as `values` has it. */
  withLabel(label: number): Postings {
    return this.#postings.read(label);
  }

  /** Series with the label pair. */
  pair(name: string, value: string): Postings {
    const label = this.#labelOf(name, value);
    return label === -1 ? NO_POSTINGS : this.#postings.read(label);
  }

  /** How many series have the label pair. */
  countOf(name: string, value: string): number {
    const label = this.#labelOf(name, value);
    return label === -1 ? 0 : this.#postings.countOf(label);
  }

  /** Those of `ids` that were registered here with the label pair. */
  pairAmong(name: string, value: string, ids: Postings): Postings {
    const label = this.#labelOf(name, value);
    if (label === -1) return NO_POSTINGS;
    return ids.filter((id) => {
      const slot = this.#slotOf(id);
      return slot !== -1 && this.#sets.wordsOf(slot).includes(label);
    });
  }

  /** Series that have the label, whatever its value. */
  withName(name: string): Postings {
    const of = this.#nameOf(name);
    return of === -1 ? NO_POSTINGS : this.#namePostings.read(of);
  }

  /** What a flush needs; only of a memory that is sealed. */
  data(): IndexMemoryData {
    const forgottenIds = this.forgotten();
    return {
      sets: this.#sets.columns(),
      slotIds: this.#slotIds.subarray(0, this.#sets.size),
      ids: this.#ids.subarray(0, this.#size),
      slots: this.#slots.subarray(0, this.#size),
      labelNames: this.#labelNames.subarray(0, this.#labelCount),
      postings: this.#postings.columns(),
      names: this.#names.columns(),
      nameCount: this.#names.size,
      namePostings: this.#namePostings.columns(),
      forgottenIds,
      forgottenSlots: forgottenIds.map((id) => this.#forgotten.get(id)!),
    };
  }

  #slotOf(id: SeriesId): number {
    const position = gallop(this.all(), 0, id);
    return position < this.#size && this.#ids[position] === id ? this.#slots[position]! : -1;
  }

  /** Takes labels that are not here; of who has them nothing is said yet. */
  #insert(key: LabelsKey): number {
    const slot = this.#sets.insert(key);
    if (slot === this.#slotIds.length) this.#slotIds = grown(this.#slotIds, slot * 2);
    this.#slotIds[slot] = NO_WORD;
    while (this.#labelCount < this.#sets.labels.size) this.#takeLabel(this.#labelCount++);
    return slot;
  }

  /** Puts a new label under its name. */
  #takeLabel(label: number): void {
    if (label === this.#before.length) {
      this.#labelNames = grown(this.#labelNames, label * 2);
      this.#before = grown(this.#before, label * 2);
    }
    const bytes = this.#sets.labels.bytesOf(label);
    const name = this.#names.intern(bytes, 0, textEnd(bytes, 0));
    this.#labelNames[label] = name;
    this.#before[label] = this.#lastLabels[name] ?? 0;
    this.#lastLabels[name] = label + 1;
  }

  #labelOf(name: string, value: string): number {
    question.encode([{ name, value }]);
    return this.#sets.labels.find(question.bytes, 0, question.length);
  }

  #nameOf(name: string): number {
    question.encode([{ name, value: '' }]);
    return this.#names.find(question.bytes, 0, textEnd(question.bytes, 0));
  }
}

/** Of labels that are asked for, one at a time. */
const question = new LabelsEncoder();

function valueIn(labelBytes: Uint8Array): string {
  const reader = new ByteReader(labelBytes, 'memory');
  reader.prefixedBytes();
  return reader.string();
}
