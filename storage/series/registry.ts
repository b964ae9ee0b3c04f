// The series in use. It is a cache: what is not here is still in the tag index, and what is let go
// can be added again. There are two generations: `turn` makes the young one the old one and lets go
// of what nobody asked for since the turn before; whatever is asked for is moved to the young one.

import type { Labels, SeriesId } from './labels.ts';
import type { LabelsKey } from './labels-key.ts';
import { SeriesMap } from './series-map.ts';

export class SeriesRegistry {
  #young = new SeriesMap();
  #old = new SeriesMap();

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#young.memoryBytes + this.#old.memoryBytes;
  }

  /** The id of a label set, or 0 when it is not here. */
  find(key: LabelsKey): SeriesId {
    const id = this.#young.find(key);
    if (id !== 0) return id;
    const aged = this.#old.find(key);
    if (aged !== 0) this.#old.move(aged, this.#young);
    return aged;
  }

  /** Takes a series that is not here. */
  add(key: LabelsKey, id: SeriesId, policy: number): void {
    this.#young.add(key, id, policy);
  }

  /** The labels of a series, or undefined when it is not here. */
  labelsOf(id: SeriesId): Labels | undefined {
    return this.#young.labelsOf(id) ?? this.#old.labelsOf(id);
  }

  /** The index of the policy of a series, or undefined when it is not here. */
  policyOf(id: SeriesId): number | undefined {
    return this.#young.policyOf(id) ?? this.#old.policyOf(id);
  }

  setPolicy(id: SeriesId, policy: number): void {
    (this.#young.has(id) ? this.#young : this.#old).setPolicy(id, policy);
  }

  /** Every id that is here, in no order. */
  *ids(): IterableIterator<SeriesId> {
    yield* this.#young.ids();
    yield* this.#old.ids();
  }

  /** The series is in use, if it is here: the next turn does not let go of it. */
  touch(id: SeriesId): void {
    if (this.#old.has(id)) this.#old.move(id, this.#young);
  }

  /** The series is no more: its label set, met again, is a new series. */
  forget(id: SeriesId): void {
    this.#young.remove(id);
    this.#old.remove(id);
  }

  /** Lets go of every series that was not asked for since the turn before, and of its memory. */
  turn(): void {
    this.#old = this.#young;
    this.#young = new SeriesMap();
  }
}
