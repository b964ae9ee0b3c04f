// Ranges as users give them, with both ends included, in the half-open ranges of storage.

import type { TimeRange } from '../storage/index.ts';

const MILLISECOND_STEP_MAX = 2 ** 53;

/** The end of a half-open range that still has `lastMs`; from 2^53 on, doubles are 2 apart. */
export function endAfter(lastMs: number): number {
  return lastMs + (lastMs < MILLISECOND_STEP_MAX ? 1 : 2);
}

/** Every timestamp that a point can have. */
export const ALL_TIME: TimeRange = {
  startMs: -MILLISECOND_STEP_MAX,
  endMs: endAfter(MILLISECOND_STEP_MAX),
};
