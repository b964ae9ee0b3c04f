// Where appends wait when memory is full: in order, each for a bounded time. Flushing makes room.

import type { Scheduler } from './env/env.ts';
import { StorageError } from './errors.ts';

interface Waiter {
  proceed(): void;
  refuse(error: Error): void;
}

export class WriteRoom {
  readonly #scheduler: Scheduler;
  readonly #waitMsMax: number;
  #waiters: Waiter[] = [];

  constructor(scheduler: Scheduler, waitMsMax: number) {
    this.#scheduler = scheduler;
    this.#waitMsMax = waitMsMax;
  }

  /** Whether somebody waits, so that a later append must queue up behind. */
  get crowded(): boolean {
    return this.#waiters.length > 0;
  }

  /** Resolves at the next `open()`; rejects with RESOURCE_EXHAUSTED when that takes too long. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#scheduler.after(this.#waitMsMax, () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const waited = `no memtable had room within ${this.#waitMsMax} ms`;
        const message = `flushing has fallen behind: ${waited}; retry later`;
        reject(new StorageError('RESOURCE_EXHAUSTED', message));
      });
      const waiter: Waiter = {
        proceed() {
          cancelTimer();
          resolve();
        },
        refuse(error) {
          cancelTimer();
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  /** Lets everybody try again, in the order in which they came. */
  open(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.proceed();
  }

  /** Turns everybody away. */
  shut(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.refuse(error);
  }
}
