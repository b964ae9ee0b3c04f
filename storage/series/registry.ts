// The series in use: label set -> id, id -> label set and policy. It is a cache: a series that
// is not here may still be in the tag index, and one that `retain` lets go can be added again.

import { assert } from '../assert.ts';
import { grown, LabelTable } from './label-table.ts';
import type { Labels, SeriesId } from './labels.ts';
import { decodeLabels } from './labels-codec.ts';
import type { LabelsKey } from './labels-key.ts';

/** Ids of series in use are mostly neighbours: slots by id lie in pages of this many. */
const PAGE_BITS = 10;
const PAGE_IDS = 2 ** PAGE_BITS;
const POLICIES_MAX = 2 ** 16;
/** Forgotten series are cleared away once there are this many and as many as the rest. */
const DEAD_MAX = 1024;

export class SeriesRegistry {
  #table = new LabelTable();
  /** Per slot; id 0 is a series that was forgotten. */
  #ids = new Uint32Array(1024);
  #policies = new Uint16Array(1024);
  /** By id >> PAGE_BITS: slot + 1, or 0. Asked once for each point of some batches: an array. */
  #pages: (Uint32Array | undefined)[] = [];
  #pageCount = 0;
  #dead = 0;

  get size(): number {
    return this.#table.size - this.#dead;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    const columns = this.#ids.byteLength + this.#policies.byteLength;
    return this.#table.memoryBytes + columns + this.#pageCount * PAGE_IDS * 4;
  }

  /** The id of a label set, or 0 when it is not here. */
  find(key: LabelsKey): SeriesId {
    const slot = this.#table.find(key.bytes, 0, key.length, key.hash);
    return slot === -1 ? 0 : this.#ids[slot]!;
  }

  /** Takes a series that is not here. `policy` is an index below POLICIES_MAX. */
  add(key: LabelsKey, id: SeriesId, policy: number): void {
    assert(id > 0 && id < 2 ** 32, 'a series id is a positive uint32');
    assert(this.#slotOf(id) === -1, 'an id stands for one label set');
    const known = this.#table.find(key.bytes, 0, key.length, key.hash);
    assert(known === -1 || this.#ids[known] === 0, 'a label set has one id');
    if (known !== -1) this.#dead--;
    const slot = known === -1 ? this.#table.insert(key.bytes, 0, key.length, key.hash) : known;
    if (slot >= this.#ids.length) this.#grow();
    this.#ids[slot] = id;
    this.#setSlot(id, slot + 1);
    this.setPolicy(id, policy);
  }

  /** The labels of a series, or undefined when it is not here. */
  labelsOf(id: SeriesId): Labels | undefined {
    const slot = this.#slotOf(id);
    return slot === -1 ? undefined : decodeLabels(this.#table.bytesOf(slot));
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
    for (let slot = 0; slot < this.#table.size; slot++) {
      const id = this.#ids[slot]!;
      if (id !== 0) yield id;
    }
  }

  /** The series is no more: its label set, met again, is a new series. */
  forget(id: SeriesId): void {
    const slot = this.#slotOf(id);
    if (slot === -1) return;
    this.#ids[slot] = 0;
    this.#setSlot(id, 0);
    this.#dead++;
    if (this.#dead > DEAD_MAX && this.#dead * 2 > this.#table.size) this.retain(() => true);
  }

  /** Lets go of every series that `keep` does not hold on to, and of the memory it took. */
  retain(keep: (id: SeriesId) => boolean): void {
    const ids = this.#ids;
    const policies = this.#policies;
    const table = this.#table;
    this.#table = new LabelTable();
    this.#ids = new Uint32Array(1024);
    this.#policies = new Uint16Array(1024);
    this.#pages = [];
    this.#pageCount = 0;
    this.#dead = 0;
    for (let slot = 0; slot < table.size; slot++) {
      const id = ids[slot]!;
      if (id === 0 || !keep(id)) continue;
      const bytes = table.bytesOf(slot);
      this.add({ bytes, length: bytes.length, hash: table.hashOf(slot) }, id, policies[slot]!);
    }
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
