// Work that goes on behind the writes: step after step until nothing is owed. A step that fails is
// told to the caller and tried again a little later.

import type { Scheduler } from './env/env.ts';
import { toError } from './errors.ts';

export interface BackgroundOptions {
  readonly scheduler: Scheduler;
  /** Does the next piece of work; false when there is none. */
  step(): Promise<boolean>;
  failed(error: Error): void;
}

const RETRY_MS = 1000;

export class Background {
  readonly #options: BackgroundOptions;
  #running: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Starts working, unless it is at it. */
  kick(): void {
    this.finish().catch(() => undefined);
  }

  /** Resolves once nothing is owed; rejects with the first failure on the way there. */
  finish(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Begins no further step, and waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    try {
      while (!this.#stopped && (await this.#options.step()));
    } catch (thrown) {
      this.#options.failed(toError(thrown));
      if (!this.#stopped) {
        this.#cancelRetry = this.#options.scheduler.after(RETRY_MS, () => this.kick());
      }
      throw thrown;
    } finally {
      this.#running = undefined;
    }
  }
}
