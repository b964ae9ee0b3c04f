// The work on what is on disk: the tag index and the windows are kept merged, and tombstones are
// applied. One piece at a time of each kind, behind the writes.
//
// What reads and writes wait for is seen to whenever a flush or a delete brings some: levels over
// their limit, windows with too many tables, tombstones. Windows that have closed can wait, and
// come with time alone: a timer looks for them, or whoever calls compactDue.

import { Background } from './background.ts';
import type { Core } from './core.ts';
import { IndexCompactor } from './index-compaction.ts';
import { withReserve } from './reserve.ts';
import { TombstoneCleaner } from './tombstones/cleaner.ts';
import type { CompactDueOptions, CompactionOutcome } from './types.ts';
import { WindowCompactor } from './windows/compactor.ts';

export interface UpkeepOptions {
  readonly core: Core;
  /** Windows have fewer tables than before. */
  merged(): void;
  failed(error: Error): void;
}

/** A window closes, or has been quiet for long enough, without any event. */
const WINDOW_LOOK_MS = 60_000;

/** Merges of closed windows may be begun. */
interface Wish {
  /** Until then, by the monotonic clock, ms. */
  readonly untilMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #compactor: WindowCompactor;
  readonly #cleaner: TombstoneCleaner;
  readonly #indexCompactor: IndexCompactor;
  readonly #index: Background;
  readonly #windows: Background;
  /** Calls of compactDue under way. */
  readonly #wishes = new Set<Wish>();

  constructor(options: UpkeepOptions) {
    const { core, failed } = options;
    const { scheduler } = core.env;
    const { closedWhenAsked } = core.settings;
    this.#options = options;
    this.#compactor = new WindowCompactor(core);
    this.#cleaner = new TombstoneCleaner(core);
    this.#indexCompactor = new IndexCompactor(core);
    this.#index = new Background({
      scheduler,
      step: async () => core.trouble.refusal === undefined && this.#indexCompactor.step(),
      failed,
    });
    this.#windows = new Background({
      scheduler,
      step: () => this.#windowStep(),
      failed,
      ...(!closedWhenAsked && { lookAgainMs: WINDOW_LOOK_MS }),
    });
  }

  /** Tables in the window that has the most to merge. */
  get debt(): number {
    return this.#compactor.debt;
  }

  /** There may be work. */
  kick(): void {
    this.#index.kick();
    this.#windows.kick();
  }

  /** See Storage.compact. */
  async compact(): Promise<void> {
    this.#compactor.wantFull();
    this.#indexCompactor.wantFull();
    await Promise.all([this.#index.finish(), this.#windows.finish()]);
    await this.#options.core.catalog.unlinked();
  }

  /** See Storage.compactDue. */
  async compactDue({ budgetMs = Infinity, signal }: CompactDueOptions): Promise<CompactionOutcome> {
    const { env, counters } = this.#options.core;
    const before = { ...counters };
    const wish = { untilMs: env.clock.monotonicMs() + budgetMs, signal };
    this.#wishes.add(wish);
    try {
      await orAborted(Promise.all([this.#index.finish(), this.#windows.finish()]), signal);
    } finally {
      this.#wishes.delete(wish);
    }
    return {
      merges:
        counters.windowCompactions +
        counters.indexCompactions -
        (before.windowCompactions + before.indexCompactions),
      bytesWritten:
        counters.windowBytesWritten +
        counters.indexBytesWritten -
        (before.windowBytesWritten + before.indexBytesWritten),
    };
  }

  /** See Storage.cleanTombstones. */
  async cleanTombstones(): Promise<void> {
    this.#cleaner.wantAll();
    await this.#windows.finish();
    const { catalog, trouble } = this.#options.core;
    await catalog.unlinked();
    const { refusal } = trouble;
    if (refusal !== undefined) throw refusal;
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#windows.stop();
    await this.#index.stop();
  }

  async #windowStep(): Promise<boolean> {
    const { core, merged } = this.#options;
    const worked = (await withReserve(core, () => this.#cleaner.tidy())) || (await this.#merge());
    if (worked) merged();
    return worked;
  }

  /** On a full disk what is left of it is for flushing and expiry. */
  async #merge(): Promise<boolean> {
    if (this.#options.core.trouble.refusal !== undefined) return false;
    return (await this.#compactor.step(this.#isClosedWanted())) || this.#cleaner.rewrite();
  }

  #isClosedWanted(): boolean {
    const { env, settings } = this.#options.core;
    const nowMs = env.clock.monotonicMs();
    const isWanted = ({ untilMs, signal }: Wish) => nowMs < untilMs && !signal?.aborted;
    return !settings.closedWhenAsked || [...this.#wishes].some(isWanted);
  }
}

/** Settles as `work` does, or resolves once `signal` says so. */
async function orAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([work, ended]);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
