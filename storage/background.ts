// Work that goes on behind the writes: step after step until nothing is owed. A step that fails is
// told to the owner and tried again a little later.

import type { Scheduler } from './env/env.ts';
import { StorageError, toError } from './errors.ts';

export interface BackgroundOptions {
  readonly scheduler: Scheduler;
  /** Does the next piece of work; false when there is none. */
  step(): Promise<boolean>;
  failed(error: Error): void;
  /** For work that comes due with time: looks for it again so long after there was none, ms. */
  readonly lookAgainMs?: number | (() => number);
}

const RETRY_MS = 1000;

export class Background {
  readonly #options: BackgroundOptions;
  #running: Promise<void> | undefined;
  /** Something came up while the last step may have been looking: look once more. */
  #again = false;
  #cancelTimer: (() => void) | undefined;
  /** The last step failed: what kicks are owed waits for the timer. */
  #isBackingOff = false;
  #stopped = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /**
   * Starts working, unless it is at it. After a failure that is for the timer: where a failure
   * leads to a kick by way of others, the two would chase each other.
   */
  kick(): void {
    if (this.#isBackingOff) return;
    this.finish().catch(() => undefined);
  }

  /**
   * Resolves once nothing is owed of what was when it was called; rejects with the first failure
   * on the way there, and with CLOSED once stopped.
   */
  finish(): Promise<void> {
    if (this.#stopped) return Promise.reject(new StorageError('CLOSED', 'the storage is closed'));
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Begins no further step, and waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isBackingOff = false;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        if (await this.#options.step()) this.#again = true;
      }
      const { lookAgainMs } = this.#options;
      if (lookAgainMs !== undefined) {
        this.#runAfter(typeof lookAgainMs === 'number' ? lookAgainMs : lookAgainMs());
      }
    } catch (thrown) {
      this.#options.failed(toError(thrown));
      this.#isBackingOff = true;
      this.#runAfter(RETRY_MS);
      throw thrown;
    } finally {
      this.#running = undefined;
    }
  }

  #runAfter(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#options.scheduler.after(delayMs, () => {
      this.finish().catch(() => undefined);
    });
  }
}
