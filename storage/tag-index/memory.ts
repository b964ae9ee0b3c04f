// The part of the tag index that is not on disk yet: series registered and forgotten since the
// last flush. Sealed with the memtable: from then on nothing is added, and it is read until the
// table made of it is live.

import { assert } from '../assert.ts';
import { grown, type LabelColumns, LabelTable } from '../series/label-table.ts';
import type { Labels, SeriesId } from '../series/labels.ts';
import { decodeLabels } from '../series/labels-codec.ts';
import type { LabelsKey } from '../series/labels-key.ts';
import { gallop, NO_POSTINGS, type Postings } from './postings.ts';

const CAPACITY_START = 1024;
/** An id in a list of postings, and a list with its entry in a map: measured, rounded up. */
const POSTING_BYTES = 8;
const PAIR_BYTES = 160;
const FORGOTTEN_BYTES = 64;
/** What a label set stands for that is here only because a series that had it was forgotten. */
export const NO_WORD = 2 ** 32 - 1;

/** All of a sealed memory as plain data, for the job that makes a table of it (flush.ts). */
export interface IndexMemoryData {
  readonly labels: LabelColumns;
  /**
   * Per slot of `labels`: the id that the label set has now, 0 when that was forgotten, or 2^32-1
   * when nothing is said here of who has it.
   */
  readonly slotIds: Uint32Array;
  /** Series registered here, ascending, and the slots of their labels. */
  readonly ids: Uint32Array;
  readonly slots: Uint32Array;
  /** Series forgotten here, whoever registered them, ascending, and the slots of their labels. */
  readonly forgottenIds: Uint32Array;
  readonly forgottenSlots: Uint32Array;
}

export class IndexMemory {
  readonly #labels = new LabelTable();
  #slotIds = new Uint32Array(CAPACITY_START);
  #ids = new Uint32Array(CAPACITY_START);
  #slots = new Uint32Array(CAPACITY_START);
  #size = 0;
  readonly #pairs = new Map<string, Map<string, number[]>>();
  #pairCount = 0;
  #postingCount = 0;
  readonly #forgotten = new Map<SeriesId, number>();
  /** Sorted ids of #forgotten, until the next one. */
  #forgottenIds: Postings | undefined;

  /** Series registered here. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#forgotten.size === 0;
  }

  /** Bytes of memory held, estimated where JavaScript objects hold it. */
  get memoryBytes(): number {
    const columns = this.#slotIds.byteLength + this.#ids.byteLength + this.#slots.byteLength;
    const pairs = this.#postingCount * POSTING_BYTES + this.#pairCount * PAIR_BYTES;
    const forgotten = this.#forgotten.size * FORGOTTEN_BYTES;
    return this.#labels.memoryBytes + columns + pairs + forgotten;
  }

  /**
   * Registers a series; `key` is that of `labels`. Ids ascend from call to call. A series that is
   * here already is left as it is, so that a log can be replayed over it.
   */
  add(key: LabelsKey, labels: Labels, id: SeriesId): void {
    const last = this.#size === 0 ? 0 : this.#ids[this.#size - 1]!;
    if (id <= last && this.#slotOf(id) !== -1) return;
    assert(id > last, 'series ids ascend');
    const known = this.#labels.find(key.bytes, 0, key.length, key.hash);
    const slot = known === -1 ? this.#insert(key, id) : known;
    this.#slotIds[slot] = id;
    if (this.#size === this.#ids.length) {
      this.#ids = grown(this.#ids, this.#size * 2);
      this.#slots = grown(this.#slots, this.#size * 2);
    }
    this.#ids[this.#size] = id;
    this.#slots[this.#size++] = slot;
    for (const { name, value } of labels) this.#listOf(name, value).push(id);
    this.#postingCount += labels.length;
  }

  /**
   * Leaves a tombstone for a series, wherever it was registered; `key` is that of its labels, and
   * `isCurrent` whether they stand for it: they may have come back as a newer series.
   */
  forget(key: LabelsKey, id: SeriesId, isCurrent: boolean): void {
    const known = this.#labels.find(key.bytes, 0, key.length, key.hash);
    const slot = known === -1 ? this.#insert(key, NO_WORD) : known;
    if (isCurrent) this.#slotIds[slot] = 0;
    this.#forgotten.set(id, slot);
    this.#forgottenIds = undefined;
  }

  /** The id of a label set: 0 when it was forgotten here, undefined when older sources know. */
  find(key: LabelsKey): SeriesId | undefined {
    const slot = this.#labels.find(key.bytes, 0, key.length, key.hash);
    const id = slot === -1 ? NO_WORD : this.#slotIds[slot]!;
    return id === NO_WORD ? undefined : id;
  }

  hasForgotten(id: SeriesId): boolean {
    return this.#forgotten.has(id);
  }

  /** The labels of a series registered here, be it forgotten or not. */
  labelsOf(id: SeriesId): Labels | undefined {
    const slot = this.#slotOf(id);
    return slot === -1 ? undefined : decodeLabels(this.#labels.bytesOf(slot));
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

  names(): Iterable<string> {
    return this.#pairs.keys();
  }

  /** Values of `name` with the series that have them, ascending. */
  values(name: string): Iterable<readonly [value: string, ids: readonly SeriesId[]]> {
    return this.#pairs.get(name) ?? [];
  }

  /** Series with the label pair. */
  pair(name: string, value: string): Postings {
    const ids = this.#pairs.get(name)?.get(value);
    return ids === undefined ? NO_POSTINGS : Uint32Array.from(ids);
  }

  /** What a flush needs; only of a memory that is sealed. */
  data(): IndexMemoryData {
    const forgottenIds = this.forgotten();
    return {
      labels: this.#labels.columns(),
      slotIds: this.#slotIds.slice(0, this.#labels.size),
      ids: this.#ids.slice(0, this.#size),
      slots: this.#slots.slice(0, this.#size),
      forgottenIds,
      forgottenSlots: forgottenIds.map((id) => this.#forgotten.get(id)!),
    };
  }

  #slotOf(id: SeriesId): number {
    const position = gallop(this.all(), 0, id);
    return position < this.#size && this.#ids[position] === id ? this.#slots[position]! : -1;
  }

  /** Takes labels that are not here, which stand for `id`. */
  #insert(key: LabelsKey, id: SeriesId): number {
    const slot = this.#labels.insert(key.bytes, 0, key.length, key.hash);
    if (slot === this.#slotIds.length) this.#slotIds = grown(this.#slotIds, slot * 2);
    this.#slotIds[slot] = id;
    return slot;
  }

  #listOf(name: string, value: string): number[] {
    let values = this.#pairs.get(name);
    if (values === undefined) {
      values = new Map();
      this.#pairs.set(name, values);
    }
    let ids = values.get(value);
    if (ids === undefined) {
      ids = [];
      values.set(value, ids);
      this.#pairCount++;
    }
    return ids;
  }
}
