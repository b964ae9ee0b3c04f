// Whose turn it is on the thread that takes requests: one query computes in each turn of the event
// loop, however many are under way, so that an acknowledgement waits for one of them and not for all.

import { setImmediate } from 'node:timers';

const waiting: (() => void)[] = [];

/** Resolves when the event loop has turned, and everybody who asked before has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(admit);
  });
}

function admit(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(admit);
}
