// Notices that a file was changed by looking at it again and again: what file systems tell by
// themselves gets lost on network mounts, and when another file is moved into its place, which is
// how editors save and how Kubernetes updates a ConfigMap.

import { statSync } from 'node:fs';
import type { Scheduler } from '../../storage/index.ts';

/** Between two looks, ms. */
export const WATCH_EVERY_MS = 1000;

export interface WatchedFile {
  /** To be called before its content is read: what it is now is no change. */
  noteRead(): void;
  /**
   * Calls `onChange` once for each change since the last `noteRead`, until the returned function is
   * called. A file that is being written, or absent, has not changed until it has been the same
   * for WATCH_EVERY_MS: half a config can be a valid one.
   */
  watch(scheduler: Scheduler, onChange: () => void): () => void;
}

export function createWatchedFile(path: string): WatchedFile {
  let known = stampOf(path);
  return {
    noteRead() {
      known = stampOf(path);
    },
    watch(scheduler, onChange) {
      let seen = known;
      let cancel = scheduler.after(WATCH_EVERY_MS, look);

      function look(): void {
        cancel = scheduler.after(WATCH_EVERY_MS, look);
        const stamp = stampOf(path);
        const isSettled = stamp !== undefined && stamp === seen;
        seen = stamp;
        if (!isSettled || stamp === known) return;
        known = stamp;
        onChange();
      }

      return () => cancel();
    },
  };
}

/**
 * What differs after any write; undefined when there is nothing to read anew: no such file, a pipe
 * that has been read, or an empty file, which is what a failed save leaves on a full disk and would
 * be a valid config of nothing but defaults.
 */
function stampOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    if (!stat.isFile() || stat.size === 0n) return undefined;
    return `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  } catch {
    return undefined;
  }
}
