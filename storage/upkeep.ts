// The work on what is on disk: the tag index and the windows are kept merged, and tombstones are
// applied. One piece at a time of each kind, behind the writes.

import { Background } from './background.ts';
import type { Core } from './core.ts';
import { IndexCompactor } from './index-compaction.ts';
import { withReserve } from './reserve.ts';
import { TombstoneCleaner } from './tombstones/cleaner.ts';
import { WindowCompactor } from './windows/compactor.ts';

export interface UpkeepOptions {
  readonly core: Core;
  /** Windows have fewer tables than before. */
  merged(): void;
  failed(error: Error): void;
}

/** A window closes, or has been quiet for long enough, without any event. */
const WINDOW_LOOK_MS = 60_000;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #compactor: WindowCompactor;
  readonly #cleaner: TombstoneCleaner;
  readonly #indexCompactor: IndexCompactor;
  readonly #index: Background;
  readonly #windows: Background;

  constructor(options: UpkeepOptions) {
    const { core, failed } = options;
    const { scheduler } = core.env;
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
      lookAgainMs: WINDOW_LOOK_MS,
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
    return (await this.#compactor.step()) || this.#cleaner.rewrite();
  }
}
