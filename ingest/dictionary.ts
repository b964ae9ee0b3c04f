// The series a client has numbered: ref -> series id, for as long as its stream or its request.
// Refs are the client's choice, any uint32; most count from zero, so small ones index an array.

import { IngestError } from './errors.ts';

/** Refs below this live in the array, which grows up to it by doubling: 4 MiB at most. */
const DENSE_REFS_MAX = 1 << 20;
const DENSE_REFS_MIN = 64;

export interface Dictionary {
  size(): number;
  /** Gives `ref` a meaning; a ref that had one gets the new one. */
  define(ref: number, id: number): void;
  /**
   * Replaces refs by ids where they lie. Returns the largest id, so that the caller sees without
   * another pass whether ids of rejected series are among them; throws at an unknown ref.
   */
  lookUp(refs: Uint32Array): number;
  /** The ids that refs stand for, and 0; of series that are rejected too. */
  ids(): Iterable<number>;
}

/** Holds at most `refsMax` refs; one more is RESOURCE_EXHAUSTED. */
export function createDictionary(refsMax: number): Dictionary {
  // 0 is no series: an entry that has not been defined.
  let dense = new Uint32Array(0);
  const sparse = new Map<number, number>();
  let size = 0;

  function sparseId(ref: number): number {
    return sparse.get(ref) ?? 0;
  }

  return {
    size: () => size,

    define(ref, id) {
      const known = ref < dense.length ? dense[ref]! : sparseId(ref);
      if (known === 0 && size === refsMax) {
        throw new IngestError(
          'RESOURCE_EXHAUSTED',
          `more than ${refsMax} refs defined, which no config key changes: use several streams`,
        );
      }
      if (known === 0) size++;
      if (ref >= DENSE_REFS_MAX) {
        sparse.set(ref, id);
        return;
      }
      if (ref >= dense.length) dense = grown(dense, ref);
      dense[ref] = id;
    },

    lookUp(refs) {
      // A local: the variable of the closure would be fetched again for every point.
      const table = dense;
      let idMax = 0;
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i]!;
        const id = ref < table.length ? table[ref]! : sparseId(ref);
        if (id === 0) throw unknownRef(ref);
        refs[i] = id;
        if (id > idMax) idMax = id;
      }
      return idMax;
    },

    ids: () => allOf(dense, sparse),
  };
}

function* allOf(dense: Uint32Array, sparse: ReadonlyMap<number, number>): Iterable<number> {
  yield* dense;
  yield* sparse.values();
}

function grown(dense: Uint32Array<ArrayBuffer>, ref: number): Uint32Array<ArrayBuffer> {
  const length = Math.max(DENSE_REFS_MIN, 2 ** Math.ceil(Math.log2(ref + 1)));
  const larger = new Uint32Array(length);
  larger.set(dense);
  return larger;
}

function unknownRef(ref: number): IngestError {
  return new IngestError('INVALID_ARGUMENT', `ref ${ref} has no definition: define it first`);
}
