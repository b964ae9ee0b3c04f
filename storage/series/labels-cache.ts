// Labels read from the tag index, kept for the next query: series that nobody writes to any more
// are in no registry, and decoding the labels of a few thousand takes longer than many a query.

import type { Labels, SeriesId } from './labels.ts';

/** Series whose labels are kept, some 500 B each. */
const ENTRIES_MAX = 32_768;

export interface LabelsCache {
  get(id: SeriesId): Labels | undefined;
  /** Ids are never given again, so what was true once stays so. */
  set(id: SeriesId, labels: Labels): void;
}

/** When it is full it starts anew: what is in use comes back with the next query. */
export function createLabelsCache(): LabelsCache {
  const entries = new Map<SeriesId, Labels>();
  return {
    get: (id) => entries.get(id),
    set(id, labels) {
      if (entries.size === ENTRIES_MAX) entries.clear();
      entries.set(id, labels);
    },
  };
}
