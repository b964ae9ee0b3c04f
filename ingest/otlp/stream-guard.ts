// Keeps logs from beginning more streams than allowed: a label that changes with every record would
// make a stream of each. How many there are is counted in the index, so that a restart or streams
// that have expired change nothing about the bound.

import type { Storage } from '../../storage/index.ts';
import type { SeriesGuard } from '../series-guard.ts';

/** With no room left, streams that have expired since are looked for this often. */
const RECOUNT_EVERY_MS = 600_000;

export interface StreamGuardOptions {
  readonly storage: Pick<Storage, 'series'>;
  readonly monotonicMs: () => number;
  /** Asked each time: a reload changes it. */
  readonly streamsMax: () => number;
}

export function createStreamGuard(options: StreamGuardOptions): SeriesGuard {
  const { storage, monotonicMs, streamsMax } = options;
  let streams = 0;
  let countedAtMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  /** Series of points have a name, streams have none. */
  async function count(): Promise<void> {
    try {
      const unnamed = { name: '__name__', type: '=', value: '' } as const;
      streams = (await storage.series([[unnamed]])).length;
      countedAtMs = monotonicMs();
    } finally {
      counting = undefined;
    }
  }

  function isUnread(): boolean {
    const isFirst = countedAtMs === Number.NEGATIVE_INFINITY;
    return isFirst || (streams >= streamsMax() && monotonicMs() - countedAtMs >= RECOUNT_EVERY_MS);
  }

  return {
    refusalOf() {
      if (isUnread()) return 'unread';
      return streams < streamsMax() ? undefined : { reason: 'stream_limit' };
    },
    admitted() {
      streams++;
    },
    async read() {
      if (isUnread()) counting ??= count();
      await counting;
    },
  };
}
