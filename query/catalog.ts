// What series, label names and label values there are.

import type { Labels, Matcher, Storage, TimeRange } from '../storage/index.ts';
import type { QueryLimits } from './limits.ts';
import { parseMatchers } from './promql/parse.ts';

/** Any of these; a series has to satisfy all matchers of one. */
export type Selectors = readonly (readonly Matcher[])[];

/** A list, cut at the limit it was asked with. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly warnings: readonly string[];
}

export interface Catalog {
  /** Throws QueryError (bad_data) for a text that is no selector. */
  selectors(texts: readonly string[]): Selectors;
  /** Without a range, of all time; `limit` may be Infinity. */
  series(
    selectors: Selectors,
    range: TimeRange | undefined,
    limit: number,
  ): Promise<Listing<Labels>>;
  /** Sorted; no selectors are every series. */
  labelNames(
    selectors: Selectors,
    range: TimeRange | undefined,
    limit: number,
  ): Promise<Listing<string>>;
  labelValues(
    name: string,
    selectors: Selectors,
    range: TimeRange | undefined,
    limit: number,
  ): Promise<Listing<string>>;
}

export function createCatalog(storage: Storage, limits: QueryLimits): Catalog {
  const orAll = (selectors: Selectors): Selectors | undefined =>
    selectors.length === 0 ? undefined : selectors;
  return {
    selectors: (texts) => texts.map((text) => parseMatchers(text, limits)),
    async series(selectors, range, limit) {
      return cut(await storage.series(selectors, range), limit);
    },
    async labelNames(selectors, range, limit) {
      return cut(await storage.labelNames(orAll(selectors), range), limit);
    },
    async labelValues(name, selectors, range, limit) {
      return cut(await storage.labelValues(name, orAll(selectors), range), limit);
    },
  };
}

function cut<Item>(items: readonly Item[], limit: number): Listing<Item> {
  if (items.length <= limit) return { items, warnings: [] };
  return { items: items.slice(0, limit), warnings: ['results truncated due to limit'] };
}
