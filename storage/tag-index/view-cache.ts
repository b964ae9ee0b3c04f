// What was found in the tag index a moment ago: dashboards ask with the same selectors again and
// again, and the answer stays the same until a series is registered or forgotten, or the next view
// takes this one's place.

import type { IndexView } from './view.ts';

export interface ViewCache<Result> {
  /** The result of `find`, which is not to be changed: from before, where nothing changed since. */
  get(view: IndexView, key: string, find: () => Promise<Result>): Promise<Result>;
}

/** Keys of one view; beyond, its cache starts anew. */
const ENTRIES_MAX = 64;
/** Longer keys are not kept. */
const KEY_CHARS_MAX = 2048;

interface Kept<Result> {
  readonly revision: number;
  readonly result: Result;
}

/** Results of more than `sizeMax` by `sizeOf` are not kept. */
export function createViewCache<Result>(
  sizeOf: (result: Result) => number,
  sizeMax: number,
): ViewCache<Result> {
  // What is kept of a view goes with it.
  const views = new WeakMap<IndexView, Map<string, Kept<Result>>>();
  return {
    async get(view, key, find) {
      const { revision } = view.memory;
      let ofView = views.get(view);
      const kept = ofView?.get(key);
      if (kept?.revision === revision) return kept.result;
      const result = await find();
      if (key.length > KEY_CHARS_MAX || sizeOf(result) > sizeMax || isDamaged(view)) return result;
      if (ofView === undefined) {
        ofView = new Map();
        views.set(view, ofView);
      }
      if (ofView.size >= ENTRIES_MAX) ofView.clear();
      ofView.set(key, { revision, result });
      return result;
    },
  };
}

/** Damage is told of whenever it is met: the blocks are read each time. */
function isDamaged({ levels }: IndexView): boolean {
  return levels.some((tables) => tables.some(({ damage }) => damage !== undefined));
}
