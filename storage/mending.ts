// Out of trouble, in this order: space is made, the manifest made whole, memory flushed to tables,
// the space kept back anew, the log begun again with a segment of its own. Only then are writes
// taken. What was acknowledged is in tables by then, and so is what was not: the segment that
// failed is asked for nothing any more.

import { Background } from './background.ts';
import type { Core } from './core.ts';
import type { FileLock } from './env/env.ts';
import { DirectoryGoneError } from './trouble.ts';
import type { WalWriter } from './wal/writer.ts';
import type { WritePath } from './write-path.ts';

export interface MendingOptions {
  readonly core: Core;
  readonly wal: WalWriter;
  readonly writes: WritePath;
  /** On the directory. */
  readonly lock: FileLock;
  /** Resolves once all that is in memory now is in tables. */
  flushAll(): Promise<void>;
  /** Writes are taken again. */
  mended(): void;
  failed(error: Error): void;
}

/** Attempts until one succeeds, once a second; what stands in the way refuses writes. */
export function createMending(options: MendingOptions): Background {
  const { trouble, env } = options.core;
  return new Background({
    scheduler: env.scheduler,
    step: () => mend(options),
    failed(error) {
      if (trouble.refusal === undefined) trouble.report(error);
      options.failed(error);
    },
  });
}

/** One attempt; rejects when the trouble goes on. Returns whether there is new trouble already. */
async function mend(options: MendingOptions): Promise<boolean> {
  const { core, wal, writes, lock, flushAll, mended } = options;
  const { catalog, reserve, trouble } = core;
  if (!(await lock.isHeld())) throw new DirectoryGoneError(core.dir);
  if (trouble.refusal === undefined && reserve.isWhole) return false;
  if (trouble.refusal !== undefined) {
    if (trouble.kind === 'disk-full') await reserve.release();
    await catalog.mend();
    if (wal.failure !== undefined) writes.abandonSegment();
    await flushAll();
  }
  await reserve.make();
  if (wal.failure !== undefined) {
    const { walSegment } = catalog.version.parts.active;
    await catalog.apply((state) => {
      return state.walSegment < walSegment ? { walSegment } : undefined;
    });
    await wal.reopen(walSegment);
    await wal.removeBefore(walSegment);
  }
  if (wal.failure !== undefined || catalog.failure !== undefined) return true;
  trouble.clear();
  mended();
  return false;
}
