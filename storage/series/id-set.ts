// A set of series ids as bits: an eighth of a byte for each id up to the largest there is.

import type { SeriesId } from './labels.ts';

const WORDS_START = 256;

export class IdSet {
  #words = new Uint32Array(WORDS_START);
  #size = 0;

  constructor(ids: Iterable<SeriesId> = []) {
    for (const id of ids) this.add(id);
  }

  get size(): number {
    return this.#size;
  }

  has(id: SeriesId): boolean {
    const word = id >>> 5;
    return word < this.#words.length && (this.#words[word]! & (1 << (id & 31))) !== 0;
  }

  add(id: SeriesId): void {
    if (this.has(id)) return;
    const word = id >>> 5;
    if (word >= this.#words.length) {
      const wider = new Uint32Array(Math.max(word + 1, this.#words.length * 2));
      wider.set(this.#words);
      this.#words = wider;
    }
    this.#words[word]! |= 1 << (id & 31);
    this.#size++;
  }

  delete(id: SeriesId): void {
    if (!this.has(id)) return;
    this.#words[id >>> 5]! &= ~(1 << (id & 31));
    this.#size--;
  }

  /** Whether any of `ids` is in it: costs next to nothing as long as it is empty. */
  hasAny(ids: Uint32Array): boolean {
    if (this.#size === 0) return false;
    for (let i = 0; i < ids.length; i++) if (this.has(ids[i]!)) return true;
    return false;
  }

  /** Ascending. */
  toArray(): Uint32Array {
    const ids = new Uint32Array(this.#size);
    let count = 0;
    for (let word = 0; word < this.#words.length; word++) {
      for (let bits = this.#words[word]!; bits !== 0; bits &= bits - 1) {
        ids[count++] = word * 32 + (31 - Math.clz32(bits & -bits));
      }
    }
    return ids;
  }
}
