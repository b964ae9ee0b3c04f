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
  #stopped = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Starts working, unless it is at it. */
  kick(): void {
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
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        if (await this.#options.step()) this.#again = true;
      }
      const { lookAgainMs } = this.#options;
      if (lookAgainMs !== undefined) {
        this.#kickAfter(typeof lookAgainMs === 'number' ? lookAgainMs : lookAgainMs());
      }
    } catch (thrown) {
      this.#options.failed(toError(thrown));
      this.#kickAfter(RETRY_MS);
      throw thrown;
    } finally {
      this.#running = undefined;
    }
  }

  #kickAfter(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#options.scheduler.after(delayMs, () => this.kick());
  }
}
