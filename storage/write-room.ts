// Where appends wait when memory is full: in the order in which they came, each for a bounded time.
// Flushing makes room.

import type { Clock, Env, Scheduler } from './env/env.ts';
import { StorageError, toError } from './errors.ts';

interface Waiter {
  /** Whether the attempt is over, one way or the other. */
  proceed(): boolean;
  refuse(error: Error): void;
}

export class WriteRoom {
  readonly #scheduler: Scheduler;
  readonly #waitMsMax: number;
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  #shut: Error | undefined;
  /** Since when somebody waits. */
  #stalledSinceMs: number | undefined;
  #stallMs = 0;

  constructor({ scheduler, clock }: Pick<Env, 'scheduler' | 'clock'>, waitMsMax: number) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#waitMsMax = waitMsMax;
  }

  /** Time in which somebody waited, ms. */
  get stallMs(): number {
    const sinceMs = this.#stalledSinceMs;
    return this.#stallMs + (sinceMs === undefined ? 0 : this.#clock.monotonicMs() - sinceMs);
  }

  /**
   * Makes `attempt` now, or after those who came before, again with each `open()` until it returns
   * true. Rejects with what it throws, and with RESOURCE_EXHAUSTED when that takes too long.
   */
  enter(attempt: () => boolean): Promise<void> {
    if (this.#shut !== undefined) return Promise.reject(this.#shut);
    return new Promise((resolve, reject) => {
      if (this.#waiters.size === 0 && attempt()) return resolve();
      this.#wait(attempt, resolve, reject);
    });
  }

  /** Lets those who wait try again, up to the first who must go on waiting. */
  open(): void {
    for (const waiter of this.#waiters) if (!waiter.proceed()) return;
  }

  /** Turns everybody away, and whoever comes later. */
  shut(error: Error): void {
    this.#shut = error;
    for (const waiter of this.#waiters) waiter.refuse(error);
  }

  #wait(attempt: () => boolean, resolve: () => void, reject: (error: Error) => void): void {
    const leave = () => {
      cancelTimer();
      this.#waiters.delete(waiter);
      if (this.#waiters.size > 0) return;
      this.#stallMs = this.stallMs;
      this.#stalledSinceMs = undefined;
    };
    const waiter: Waiter = {
      proceed() {
        try {
          if (!attempt()) return false;
          leave();
          resolve();
        } catch (thrown) {
          waiter.refuse(toError(thrown));
        }
        return true;
      },
      refuse(error) {
        leave();
        reject(error);
      },
    };
    const cancelTimer = this.#scheduler.after(this.#waitMsMax, () => {
      const cause = 'flushing or compaction has fallen behind';
      const message = `${cause}: no room for points within ${this.#waitMsMax} ms; retry later`;
      waiter.refuse(new StorageError('RESOURCE_EXHAUSTED', message));
      // Whoever is next may need less room.
      this.open();
    });
    this.#waiters.add(waiter);
    this.#stalledSinceMs ??= this.#clock.monotonicMs();
  }
}
