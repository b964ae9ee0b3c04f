// A map of series: label set -> id, id -> label set and policy. Of one that is removed the labels
// stay, until the whole map goes or the same labels come again: see registry.ts.

import { assert } from '../assert.ts';
import { grown, sharedColumn } from '../coding/shared-column.ts';
import { LabelSets } from './label-sets.ts';
import type { Labels, SeriesId } from './labels.ts';
import type { LabelsKey } from './labels-key.ts';

/** Ids of series in use are mostly neighbours: slots by id lie in pages of this many. */
const PAGE_BITS = 10;
const PAGE_IDS = 2 ** PAGE_BITS;
const POLICIES_MAX = 2 ** 16;
const CAPACITY_START = 64;

export class SeriesMap {
  readonly #sets = new LabelSets();
  /** Per slot; id 0 is a series that was removed. */
  #ids = sharedColumn(CAPACITY_START);
  #policies = new Uint16Array(CAPACITY_START);
  /** By id >> PAGE_BITS: slot + 1, or 0. Asked once for each point of some batches: an array. */
  readonly #pages: (Uint32Array | undefined)[] = [];
  #pageCount = 0;
  #dead = 0;

  get size(): number {
    return this.#sets.size - this.#dead;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    const columns = this.#sets.size * (4 + 2);
    return this.#sets.memoryBytes + columns + this.#pageCount * PAGE_IDS * 4;
  }

  /** The id of a label set, or 0 when it is not here. */
  find(key: LabelsKey): SeriesId {
    const slot = this.#sets.find(key);
    return slot === -1 ? 0 : this.#ids[slot]!;
  }

  /** Takes a series that is not here. `policy` is an index below POLICIES_MAX. */
  add(key: LabelsKey, id: SeriesId, policy: number): void {
    assert(id > 0 && id < 2 ** 32, 'a series id is a positive uint32');
    assert(this.#slotOf(id) === -1, 'an id stands for one label set');
    const known = this.#sets.find(key);
    assert(known === -1 || this.#ids[known] === 0, 'a label set has one id');
    if (known !== -1) this.#dead--;
    const slot = known === -1 ? this.#sets.insert(key) : known;
    if (slot >= this.#ids.length) this.#grow();
    this.#ids[slot] = id;
    this.#setSlot(id, slot + 1);
    this.setPolicy(id, policy);
  }

  has(id: SeriesId): boolean {
    return this.#slotOf(id) !== -1;
  }

  /** The labels of a series, or undefined when it is not here. */
  labelsOf(id: SeriesId): Labels | undefined {
    const slot = this.#slotOf(id);
    return slot === -1 ? undefined : this.#sets.labelsOf(slot);
  }

  /** The index of the policy of a series, or undefined when it is not here. */
  policyOf(id: SeriesId): number | undefined {
    const slot = this.#slotOf(id);
    return slot === -1 ? undefined : this.#policies[slot]!;
  }

  setPolicy(id: SeriesId, policy: number): void {
    assert(policy >= 0 && policy < POLICIES_MAX, 'a policy index is within its bound');
    const slot = this.#slotOf(id);
    assert(slot !== -1, 'the policy of a series that is here');
    this.#policies[slot] = policy;
  }

  /** Every id that is here, in no order. */
  *ids(): IterableIterator<SeriesId> {
    for (let slot = 0; slot < this.#sets.size; slot++) {
      const id = this.#ids[slot]!;
      if (id !== 0) yield id;
    }
  }

  /** The series is no more: its label set, added again, is a new one. */
  remove(id: SeriesId): void {
    const slot = this.#slotOf(id);
    if (slot === -1) return;
    this.#ids[slot] = 0;
    this.#setSlot(id, 0);
    this.#dead++;
  }

  /** Takes a series that is here out of this map and into `other`. */
  move(id: SeriesId, other: SeriesMap): void {
    const slot = this.#slotOf(id);
    assert(slot !== -1, 'a series that is here is moved');
    other.add(this.#sets.keyOf(slot), id, this.#policies[slot]!);
    this.remove(id);
  }

  #slotOf(id: SeriesId): number {
    const page = this.#pages[id >>> PAGE_BITS];
    return page === undefined ? -1 : page[id & (PAGE_IDS - 1)]! - 1;
  }

  #setSlot(id: SeriesId, slot: number): void {
    const number = id >>> PAGE_BITS;
    let page = this.#pages[number];
    if (page === undefined) {
      page = new Uint32Array(PAGE_IDS);
      this.#pages[number] = page;
      this.#pageCount++;
    }
    page[id & (PAGE_IDS - 1)] = slot;
  }

  #grow(): void {
    this.#ids = grown(this.#ids, this.#ids.length * 2);
    const policies = new Uint16Array(this.#ids.length);
    policies.set(this.#policies);
    this.#policies = policies;
  }
}
