// Whose turn it is on the thread that takes requests: one query computes in each turn of the event
// loop, however many are under way, so that an acknowledgement waits for one of them, not for all.

import { setImmediate } from 'node:timers';

const waiting: (() => void)[] = [];
let turnedMs = 0;

/** How long queries have computed since the event loop turned for one of them, ms at most. */
export function msInTurn(): number {
  return performance.now() - turnedMs;
}

/** Resolves when the event loop has turned, and everybody who asked before has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(admit);
  });
}

function admit(): void {
  turnedMs = performance.now();
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(admit);
}
