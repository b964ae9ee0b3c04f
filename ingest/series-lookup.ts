// The series of one request: known ones from the cache at once, new ones from storage together.

import type { Label, Labels, Storage } from '../storage/index.ts';
import type { IngestLimits } from './limits.ts';
import { type Reason, rejectedId } from './reasons.ts';
import type { SeriesCache } from './series-cache.ts';
import { checkLabels } from './validate.ts';

export interface SeriesLookup {
  /**
   * Calls `assign` with the id of the series that `key` stands for in the cache, or with a rejected
   * id when it cannot be one; in the order of the calls, at the latest during `settle`. `read` is
   * asked for the labels, or for why there are none, when the key is new.
   */
  add(key: string, read: () => readonly Label[] | Reason, assign: (id: number) => void): void;
  /** Undefined when every id has been assigned already. */
  settle(): Promise<void> | undefined;
}

/** An `add` that waits: for storage to tell its id, or only for its turn. */
type Waiting =
  | { readonly kind: 'new'; readonly key: string; readonly assign: (id: number) => void }
  | { readonly kind: 'known'; readonly id: number; readonly assign: (id: number) => void };

/** Has a say on which new series are registered. */
export interface SeriesGuard {
  admit(): boolean;
  /** Why those are refused that it does not admit. */
  readonly reason: Reason;
}

export function createSeriesLookup(
  storage: Storage,
  cache: SeriesCache,
  limits: IngestLimits,
  guard?: SeriesGuard,
): SeriesLookup {
  const waiting: Waiting[] = [];
  /** Of the waiting ones that are new, in their order. */
  const labelSets: Labels[] = [];

  async function resolveWaiting(): Promise<void> {
    const before = storage.seriesCount;
    let admitted = 0;
    let refusal: Reason = 'series_limit';
    const admit = () => {
      if (Math.max(storage.seriesCount, before + admitted) >= limits.series) return false;
      if (guard !== undefined && !guard.admit()) {
        refusal = guard.reason;
        return false;
      }
      admitted++;
      return true;
    };
    const ids = await storage.resolve(labelSets, admit);
    let position = 0;
    for (const entry of waiting) {
      if (entry.kind === 'known') {
        entry.assign(entry.id);
        continue;
      }
      const id = ids[position++]!;
      if (id !== 0) cache.set(entry.key, id);
      entry.assign(id === 0 ? rejectedId(refusal) : id);
    }
  }

  return {
    add(key, read, assign) {
      let id = cache.get(key);
      if (id === 0 || !storage.renew(id)) {
        const sent = read();
        const labels = typeof sent === 'string' ? sent : checkLabels(sent);
        if (typeof labels !== 'string') {
          labelSets.push(labels);
          waiting.push({ kind: 'new', key, assign });
          return;
        }
        id = rejectedId(labels);
      }
      if (waiting.length === 0) assign(id);
      else waiting.push({ kind: 'known', id, assign });
    },
    settle: () => (waiting.length === 0 ? undefined : resolveWaiting()),
  };
}
