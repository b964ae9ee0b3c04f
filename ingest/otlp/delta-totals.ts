// Changes added up to totals, series by series. A total begins at zero: what was counted before it,
// or before a restart, is gone, which is what `rate` takes for a counter that was reset.

import type { Reason } from '../reasons.ts';

interface Total {
  value: number;
  /** Of the newest change. */
  timestampMs: number;
}

export interface DeltaTotals {
  /**
   * The total after a change. A change of the time of the last one is that one sent again, and is
   * not added: a sender may repeat a request whose answer it missed. `change` is finite.
   */
  add(id: number, timestampMs: number, change: number): number | Reason;
}

export interface DeltaTotalsOptions {
  /** Series that may be added up at a time, each some 100 bytes. */
  readonly seriesMax: number;
  /** A series without a change for so long is forgotten, and at the latest after twice that, ms. */
  readonly idleMs: number;
  readonly monotonicMs: () => number;
}

export function createDeltaTotals(options: DeltaTotalsOptions): DeltaTotals {
  const { seriesMax, idleMs, monotonicMs } = options;
  let young = new Map<number, Total>();
  let old = new Map<number, Total>();
  let youngSinceMs = monotonicMs();

  function find(id: number): Total | undefined {
    const total = young.get(id);
    if (total !== undefined) return total;
    const aged = old.get(id);
    if (aged === undefined) return undefined;
    old.delete(id);
    young.set(id, aged);
    return aged;
  }

  return {
    add(id, timestampMs, change) {
      if (monotonicMs() - youngSinceMs >= idleMs) {
        old = young;
        young = new Map();
        youngSinceMs = monotonicMs();
      }
      const total = find(id);
      if (total === undefined) {
        if (young.size + old.size >= seriesMax) return 'delta_limit';
        young.set(id, { value: change, timestampMs });
        return change;
      }
      if (timestampMs < total.timestampMs) return 'late_delta';
      if (timestampMs > total.timestampMs) {
        total.value += change;
        total.timestampMs = timestampMs;
      }
      return total.value;
    },
  };
}
