// The statistics of /api/v1/status/tsdb. They take a pass over the index, so that one answer does
// for everybody who asks at the same time or soon after.

import type { Cardinality, Storage } from '../storage/index.ts';

/** How long an answer is good for, ms. */
const FRESH_MS = 10_000;
/** What is gathered, whatever is asked for: the most that may be. */
export const TOP_MAX = 1000;

/** `nowMs` may be any clock that goes on. */
export function createCardinality(
  storage: Pick<Storage, 'cardinality'>,
  nowMs: () => number,
): () => Promise<Cardinality> {
  let latest: Promise<Cardinality> | undefined;
  let askedMs = 0;
  return () => {
    if (latest !== undefined && nowMs() - askedMs < FRESH_MS) return latest;
    askedMs = nowMs();
    const answer = storage.cardinality(TOP_MAX);
    latest = answer;
    answer.catch(() => {
      if (latest === answer) latest = undefined;
    });
    return answer;
  };
}
