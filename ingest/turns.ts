// The event loop is for all: who has work for long gives others a turn now and then.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** What one has at a time, ms. */
const TURN_MS = 10;

/** Undefined while the own turn lasts; then to be awaited, until it comes again. */
export type Turns = () => Promise<void> | undefined;

/** The first one begins now. */
export function createTurns(monotonicMs: () => number): Turns {
  let beganMs = monotonicMs();
  return () => {
    if (monotonicMs() - beganMs < TURN_MS) return undefined;
    return nextTurn().then(() => {
      beganMs = monotonicMs();
    });
  };
}
