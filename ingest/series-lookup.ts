// The series of one request: those that storage has to look for are asked for together.

import type { Label, Labels, Storage } from '../storage/index.ts';
import type { IngestLimits } from './limits.ts';
import { type Reason, type Rejections, rejectedId } from './reasons.ts';
import type { SeriesGuard, SeriesRefused } from './series-guard.ts';
import { checkLabels } from './validate.ts';

export interface SeriesLookup {
  /**
   * Calls `assign` with the id of a series, or with a rejected id when it cannot be one; in the
   * order of the calls, at the latest during `settle`. `known` is the id, or 0: then `read` is
   * asked for the labels, or for why there are none.
   */
  add(known: number, read: () => readonly Label[] | Reason, assign: (id: number) => void): void;
  /** Undefined when every id has been assigned already. */
  settle(): Promise<void> | undefined;
}

/** An `add` that waits: for storage to tell its id, or only for its turn. */
type Waiting =
  | { readonly kind: 'new'; readonly assign: (id: number) => void }
  | { readonly kind: 'known'; readonly id: number; readonly assign: (id: number) => void };

export interface SeriesLookupOptions {
  readonly storage: Storage;
  readonly limits: IngestLimits;
  /** All of them have to let a new series in. */
  readonly guards: readonly SeriesGuard[];
  /** Told what there is to say of series that are refused; their points are counted elsewhere. */
  readonly rejections: Rejections;
}

export function createSeriesLookup(options: SeriesLookupOptions): SeriesLookup {
  const { storage, limits, guards, rejections } = options;
  const waiting: Waiting[] = [];
  /** Of the waiting ones that are new, in their order. */
  const labelSets: Labels[] = [];

  /** By position in `labelSets`: why a series was not let in, and those not decided yet. */
  const refused: (SeriesRefused | undefined)[] = [];
  let unread: number[] = [];

  function admit(position: number): boolean {
    const labels = labelSets[position]!;
    const refusal = refusalOf(labels);
    if (refusal === 'unread') unread.push(position);
    else refused[position] = refusal;
    if (refusal !== undefined) return false;
    for (const guard of guards) guard.admitted(labels);
    return true;
  }

  function refusalOf(labels: Labels): SeriesRefused | 'unread' | undefined {
    if (storage.seriesCount >= limits.series) return { reason: 'series_limit' };
    for (const guard of guards) {
      const refusal = guard.refusalOf(labels);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async function resolveWaiting(): Promise<void> {
    const ids = await storage.resolve(labelSets, admit);
    while (unread.length > 0) {
      const positions = unread;
      unread = [];
      for (const guard of guards) await guard.read?.();
      const some = positions.map((position) => labelSets[position]!);
      const found = await storage.resolve(some, (index) => admit(positions[index]!));
      for (const [index, position] of positions.entries()) ids[position] = found[index]!;
    }
    let position = 0;
    for (const entry of waiting) {
      if (entry.kind === 'known') {
        entry.assign(entry.id);
        continue;
      }
      const id = ids[position]!;
      // What storage was told not to register has no id.
      entry.assign(id === 0 ? refuse(refused[position]!) : id);
      position++;
    }
  }

  function refuse({ reason, detail }: SeriesRefused): number {
    if (detail !== undefined) rejections.explain(reason, detail);
    return rejectedId(reason);
  }

  return {
    add(known, read, assign) {
      let id = known;
      if (id === 0) {
        const sent = read();
        const labels = typeof sent === 'string' ? sent : checkLabels(sent);
        if (typeof labels !== 'string') {
          labelSets.push(labels);
          waiting.push({ kind: 'new', assign });
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
