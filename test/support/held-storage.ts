// A storage whose appends stay under way until the test lets them go, in any order.

import type { PointBatch, Storage } from '../../storage/index.ts';

export interface HeldAppend {
  /** Copied when append was called. */
  readonly timestampsMs: readonly number[];
  succeed(): void;
  fail(error: Error): void;
}

export interface HeldStorage extends Storage {
  /** Appends under way, oldest first. */
  readonly held: HeldAppend[];
  /** Resolves once `count` appends are under way. */
  holds(count: number): Promise<void>;
}

export function holdAppends(inner: Storage): HeldStorage {
  const held: HeldAppend[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  return {
    ...inner,
    held,
    append: (batch: PointBatch) =>
      new Promise((resolve, reject) => {
        held.push({
          timestampsMs: [...batch.timestampsMs],
          succeed: () => inner.append(batch).then(resolve, reject),
          fail: reject,
        });
        if (waiting !== undefined && held.length >= waiting.count) waiting.resolve();
      }),
    holds(count) {
      if (held.length >= count) return Promise.resolve();
      return new Promise((resolve) => {
        waiting = { count, resolve };
      });
    },
  };
}
