// What storage tells of what goes on inside it.

import { StorageError } from './errors.ts';
import type { WindowInfo } from './types.ts';

/** What happens inside, for logs and metrics. Called synchronously; must not throw. */
export interface StorageListener {
  walSynced(info: { durationMs: number; bytes: number; batches: number }): void;
  /** While a start replays a long log: every few seconds. */
  recovering(info: RecoveryProgress): void;
  recovered(info: RecoveryInfo): void;
  flushed(info: { durationMs: number; points: number; tables: number; bytes: number }): void;
  indexCompacted(info: {
    durationMs: number;
    level: number;
    bytesIn: number;
    bytesOut: number;
  }): void;
  windowCompacted(info: {
    durationMs: number;
    tables: number;
    points: number;
    bytesIn: number;
    bytesOut: number;
  }): void;
  windowDropped(info: WindowInfo): void;
  corruption(error: Error): void;
  /** A background task failed, and is tried again. */
  backgroundError(error: Error): void;
}

export interface RecoveryProgress {
  readonly walSegmentsDone: number;
  readonly walSegments: number;
  /** Replayed so far. */
  readonly points: number;
}

export interface RecoveryInfo {
  readonly durationMs: number;
  readonly walSegments: number;
  readonly walRecords: number;
  readonly points: number;
  /** Bytes of a torn last record that were cut off. */
  readonly tornBytes: number;
  /** Files that no manifest edit mentions and that were removed. */
  readonly orphansRemoved: number;
  /** Whether the last run ended without close(). */
  readonly unclean: boolean;
}

/** Tells of work in the background that failed; what close() cut short has not. */
export function tellFailure(listener: Partial<StorageListener>, error: Error): void {
  const isClosed = error instanceof StorageError && error.code === 'CLOSED';
  if (!isClosed) listener.backgroundError?.(error);
}
