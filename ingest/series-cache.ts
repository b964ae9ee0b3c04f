// Series ids by the bytes their labels arrived as, so that a writer who repeats itself costs one
// hash a series and no decoding. Bounded by two generations: when the young one is full the old
// one is let go, and whatever is asked for meanwhile moves over.

/** Longer keys are not worth keeping: an ordinary label set has a tenth of this. */
const KEY_BYTES_MAX = 4096;

export interface SeriesCache {
  /** The id, or 0 when it is not known. */
  get(key: string): number;
  set(key: string, id: number): void;
}

/** `bytesMax` bounds the keys of both generations together; an entry counts 64 bytes on top. */
export function createSeriesCache(bytesMax: number): SeriesCache {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  let youngBytes = 0;

  function set(key: string, id: number): void {
    if (key.length > KEY_BYTES_MAX) return;
    if (youngBytes >= bytesMax / 2) {
      old = young;
      young = new Map();
      youngBytes = 0;
    }
    young.set(key, id);
    youngBytes += key.length + 64;
  }

  return {
    set,
    get(key) {
      const id = young.get(key);
      if (id !== undefined) return id;
      const aged = old.get(key);
      if (aged === undefined) return 0;
      set(key, aged);
      return aged;
    },
  };
}
