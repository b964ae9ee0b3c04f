// What a prediction leaves of a column: unsigned integers of 64 bits, as two columns of words.
// Signs are folded in (zigzag): 0, -1, 1, -2, ... become 0, 1, 2, 3, ...

import { CHUNK_POINTS_MAX } from '../limits.ts';

export interface Residuals {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** Every bit that one of the words has. When `highMask` is 0, `high` may hold anything. */
  lowMask: number;
  highMask: number;
}

export function createResiduals(): Residuals {
  return {
    low: new Uint32Array(CHUNK_POINTS_MAX),
    high: new Uint32Array(CHUNK_POINTS_MAX),
    lowMask: 0,
    highMask: 0,
  };
}

/** Residuals of `count` points: as many at order 0, one fewer for each order above. */
export function residualCount(count: number, order: number): number {
  return Math.max(0, count - order);
}
