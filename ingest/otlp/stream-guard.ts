// Keeps logs from beginning more streams than allowed: a label that changes with every record would
// make a stream of each. How many there are is counted in the index, so that a restart or streams
// that have expired change nothing about the bound.

import type { Storage } from '../../storage/index.ts';
import type { SeriesGuard } from '../series-lookup.ts';

/** With no room left, streams that have expired since are looked for this often. */
const RECOUNT_EVERY_MS = 600_000;

export interface StreamGuard extends SeriesGuard {
  /** To be awaited before streams are admitted. Undefined when the count is known. */
  prepare(): Promise<void> | undefined;
}

export interface StreamGuardOptions {
  readonly storage: Pick<Storage, 'series'>;
  readonly monotonicMs: () => number;
  /** Asked each time: a reload changes it. */
  readonly streamsMax: () => number;
}

export function createStreamGuard(options: StreamGuardOptions): StreamGuard {
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

  return {
    reason: 'stream_limit',
    admit: () => streams < streamsMax() && ++streams > 0,
    prepare() {
      const isFirst = countedAtMs === Number.NEGATIVE_INFINITY;
      const isOver = streams >= streamsMax() && monotonicMs() - countedAtMs >= RECOUNT_EVERY_MS;
      if (isFirst || isOver) counting ??= count();
      return counting;
    },
  };
}
