// Makes the snapshots of an engine, one after another.

import type { Core } from '../core.ts';
import type { SnapshotInfo, SnapshotOptions } from '../types.ts';
import { findSnapshot, makeSnapshot } from './make.ts';

export interface SnapshotterOptions {
  readonly core: Core;
  /** Throws CLOSED once the engine closes. */
  assertOpen(): void;
  /** Resolves once what is in memory is in tables. */
  flushAll(): Promise<void>;
}

export class Snapshotter {
  readonly #options: SnapshotterOptions;
  /** Settles with the last one asked for. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SnapshotterOptions) {
    this.#options = options;
  }

  /** See Storage.snapshot. */
  make(dir: string, { skipHead, orMade }: SnapshotOptions): Promise<SnapshotInfo> {
    const { core, assertOpen, flushAll } = this.#options;
    const made = this.#last.then(async () => {
      assertOpen();
      const known = orMade ? await findSnapshot(dir, core.env.fs) : undefined;
      if (known !== undefined) return known;
      if (!skipHead) await flushAll();
      return makeSnapshot(core, dir);
    });
    this.#last = made.catch(() => undefined);
    return made;
  }

  /** Resolves once none is under way of those asked for by now. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
