// Time that passes only when a test says so.

import type { Clock, Scheduler } from '../../storage/index.ts';

export interface SimClock {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Timers that wait. */
  readonly pending: number;
  /** Lets `ms` pass: due timers run in the order of their times, each at its own time. */
  advance(ms: number): void;
  /** Sets the wall clock without letting time pass, as an administrator or NTP would. */
  jumpTo(nowMs: number): void;
}

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

export function createSimClock(startMs = 1_700_000_000_000): SimClock {
  let monotonicMs = 0;
  let wallOffsetMs = startMs;
  // In the order of `after` calls, which decides between timers of one time.
  const timers = new Set<Timer>();

  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  return {
    clock: { nowMs: () => wallOffsetMs + monotonicMs, monotonicMs: () => monotonicMs },
    scheduler: {
      after(delayMs, task) {
        const timer = { dueMs: monotonicMs + delayMs, task };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
      nextTurn: () => Promise.resolve(),
    },
    get pending() {
      return timers.size;
    },
    advance(ms) {
      const untilMs = monotonicMs + ms;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        monotonicMs = Math.max(monotonicMs, timer.dueMs);
        timer.task();
      }
      monotonicMs = untilMs;
    },
    jumpTo(nowMs) {
      wallOffsetMs = nowMs - monotonicMs;
    },
  };
}
