// Series ids by the bytes their labels arrived as, so that a writer who repeats itself costs one
// hash a series and no decoding. Bounded by two generations: when the young one is full the old
// one is let go, and whatever is asked for meanwhile moves over.

import type { Storage } from '../storage/index.ts';
import { REJECTED_ID_MIN } from './reasons.ts';

/** Longer keys are not worth keeping: an ordinary label set has a tenth of this. */
const KEY_BYTES_MAX = 4096;

/** Of one way to write a key: the same bytes may mean other labels elsewhere. */
export interface SeriesCache {
  /** The id, or 0 when it is not known. */
  get(key: string): number;
  /** What says that there is no series is not kept: it may change. */
  set(key: string, id: number): void;
}

/** The id of a series that came before and was not forgotten since, or 0. */
export function knownId(cache: SeriesCache, key: string, storage: Storage): number {
  const id = cache.get(key);
  return id !== 0 && storage.renew(id) ? id : 0;
}

/** Caches that share one budget: what one does not use, another may. */
export interface SeriesCaches {
  open(): SeriesCache;
}

interface Generations {
  young: Map<string, number>;
  old: Map<string, number>;
}

/** `bytesMax` bounds the keys of both generations together; an entry counts 64 bytes on top. */
export function createSeriesCaches(bytesMax: number): SeriesCaches {
  const all: Generations[] = [];
  let youngBytes = 0;

  function age(): void {
    for (const generations of all) {
      generations.old = generations.young;
      generations.young = new Map();
    }
    youngBytes = 0;
  }

  return {
    open() {
      const own: Generations = { young: new Map(), old: new Map() };
      all.push(own);

      function set(key: string, id: number): void {
        if (key.length > KEY_BYTES_MAX || id >= REJECTED_ID_MIN) return;
        if (youngBytes >= bytesMax / 2) age();
        own.young.set(key, id);
        youngBytes += key.length + 64;
      }

      return {
        set,
        get(key) {
          const id = own.young.get(key);
          if (id !== undefined) return id;
          const aged = own.old.get(key);
          if (aged === undefined) return 0;
          set(key, aged);
          return aged;
        },
      };
    },
  };
}
