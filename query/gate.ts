// How many queries run at the same time, and how many may wait for it.

import { QueryError } from './errors.ts';
import { limitNote, type QueryLimits } from './limits.ts';

export interface Gate {
  /**
   * Runs `task` when it is its turn. Rejects with `unavailable` when too many wait already, and
   * with the signal's reason when it is aborted before the turn comes.
   */
  run<Result>(signal: AbortSignal, task: () => Promise<Result>): Promise<Result>;
  readonly active: number;
  readonly waiting: number;
}

export function createGate(limits: QueryLimits): Gate {
  const queue: (() => void)[] = [];
  let active = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (active < limits.concurrentMax) {
      active++;
      return;
    }
    if (queue.length >= limits.queuedMax) {
      const note = limitNote(limits, 'concurrentMax');
      throw new QueryError('unavailable', `${queue.length} queries are waiting already${note}`);
    }
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        queue.splice(queue.indexOf(admit), 1);
        reject(signal.reason);
      };
      queue.push(admit);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** The place goes to whoever waits longest, without becoming free in between. */
  function leave(): void {
    const next = queue.shift();
    if (next === undefined) active--;
    else next();
  }

  return {
    async run(signal, task) {
      await enter(signal);
      try {
        return await task();
      } finally {
        leave();
      }
    },
    get active() {
      return active;
    },
    get waiting() {
      return queue.length;
    },
  };
}
