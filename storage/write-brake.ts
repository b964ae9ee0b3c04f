// Slows writes while compaction is behind: between two debts ever fewer points are let through per
// second, so that writers feel it long before they are refused.

import type { Scheduler } from './env/env.ts';

export interface WriteBrakeOptions {
  readonly scheduler: Scheduler;
  /** From this debt on writes are slowed; at `stopDebt` they would stand still. */
  readonly slowDebt: number;
  readonly stopDebt: number;
  /** The next write may go. */
  released(): void;
}

/** Points per second just above `slowDebt`; halfway to `stopDebt` half as many. */
const SLOW_POINTS_PER_SECOND = 1_000_000;
/** However large a batch and however high the debt: less than a write may wait. */
const PAUSE_MS_MAX = 1000;

export class WriteBrake {
  readonly #options: WriteBrakeOptions;
  #isHeld = false;

  constructor(options: WriteBrakeOptions) {
    this.#options = options;
  }

  /** Whether a write has to wait until `released` is called. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** `points` were let through at `debt`: the next write waits accordingly. */
  passed(points: number, debt: number): void {
    const { scheduler, slowDebt, stopDebt, released } = this.#options;
    if (debt < slowDebt) return;
    const left = Math.max(1, stopDebt - debt) / (stopDebt - slowDebt);
    const pauseMs = (points / (SLOW_POINTS_PER_SECOND * left)) * 1000;
    this.#isHeld = true;
    scheduler.after(Math.min(PAUSE_MS_MAX, Math.ceil(pauseMs)), () => {
      this.#isHeld = false;
      released();
    });
  }
}
