// How fast work in the background may use the disk: a token bucket in bytes. Flushes come first:
// they take what they need at once, and compactions wait until that is made up for.

import type { Clock, Scheduler } from './env/env.ts';
import { StorageError } from './errors.ts';

/** Bytes per second, or `auto`: a share of what the disk was seen to take. */
export type IoRate = number | 'auto';

export interface IoBudgetOptions {
  readonly rate: IoRate;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/**
 * With `auto`, the share of the measured speed of writing and syncing tables. The rest is for the
 * WAL, whose fsyncs somebody waits for, and for queries.
 */
const AUTO_SHARE = 0.5;
/** `auto` before anything was measured, and on any disk: merging must not fall behind. */
const AUTO_BYTES_PER_SECOND_MIN = 32 * 2 ** 20;
/** Files smaller than this say how long an fsync takes, not how fast the disk is. */
const SAMPLE_BYTES_MIN = 2 ** 20;
/** Weight of the newest measurement. */
const SAMPLE_WEIGHT = 0.2;
/** What was not used is kept for so long. */
const BURST_SECONDS = 1;

export class IoBudget {
  readonly #options: IoBudgetOptions;
  #measuredPerSecond: number | undefined;
  /** Bytes that may be used now; below zero they are owed. */
  #tokens: number;
  #filledMs: number;
  #closed = false;
  /** Ends the waiting of whoever waits. */
  readonly #wakers = new Set<() => void>();

  constructor(options: IoBudgetOptions) {
    this.#options = options;
    this.#tokens = this.bytesPerSecond * BURST_SECONDS;
    this.#filledMs = options.clock.monotonicMs();
  }

  get bytesPerSecond(): number {
    const { rate } = this.#options;
    if (rate !== 'auto') return rate;
    return Math.max(AUTO_BYTES_PER_SECOND_MIN, AUTO_SHARE * (this.#measuredPerSecond ?? 0));
  }

  /** For work that must not wait: others wait for it instead. */
  charge(bytes: number): void {
    this.#fill();
    this.#tokens -= bytes;
  }

  /** Waits until nothing is owed, then takes `bytes`. Throws CLOSED once closed. */
  async take(bytes: number): Promise<void> {
    for (;;) {
      if (this.#closed) throw new StorageError('CLOSED', 'the storage is closing');
      this.#fill();
      if (this.#tokens >= 0) break;
      await this.#sleep((-this.#tokens / this.bytesPerSecond) * 1000);
    }
    this.#tokens -= bytes;
  }

  /** `bytes` were written and synced within `durationMs`. */
  measured(bytes: number, durationMs: number): void {
    if (bytes < SAMPLE_BYTES_MIN || durationMs <= 0) return;
    const sample = (bytes / durationMs) * 1000;
    const before = this.#measuredPerSecond ?? sample;
    this.#measuredPerSecond = before + SAMPLE_WEIGHT * (sample - before);
  }

  /** Whoever waits, or comes later, is refused. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#wakers) wake();
  }

  #fill(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const rate = this.bytesPerSecond;
    const gained = (rate * (nowMs - this.#filledMs)) / 1000;
    this.#filledMs = nowMs;
    this.#tokens = Math.min(rate * BURST_SECONDS, this.#tokens + gained);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wakers.delete(wake);
        resolve();
      };
      // At least 1 ms: a rest that rounds to nothing must not spin.
      const cancel = this.#options.scheduler.after(Math.max(1, ms), wake);
      this.#wakers.add(wake);
    });
  }
}
