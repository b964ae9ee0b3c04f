// What may be asked of the work behind the writes, and what it answers.

import type { CorruptionError } from './errors.ts';

export interface RollupOptions {
  /** Begins no further batch after so long, ms. Default: goes on until nothing is due. */
  readonly budgetMs?: number;
  /** Whatever is lacking is due: windows that still take points, and those that just got some. */
  readonly all?: boolean;
}

export interface RollupOutcome {
  /** Windows of points that were summarised for a tier, and the steps that this gave. */
  readonly windows: number;
  readonly steps: number;
  /** Windows that still are due. */
  readonly due: number;
}

export interface CompactDueOptions {
  /** Begins no further merge of a closed window after so long, ms. Default: until none is due. */
  readonly budgetMs?: number;
  /** Ends the waiting; the merge under way goes on. */
  readonly signal?: AbortSignal;
}

export interface CompactionOutcome {
  /** Merges of windows and of the tag index since the call, whoever was first to see them due. */
  readonly merges: number;
  /** What these wrote. */
  readonly bytesWritten: number;
}

export interface SnapshotOptions {
  /** Leaves out what is in memory. */
  readonly skipHead?: boolean;
  /** A whole snapshot that is in the directory already is the answer: for who asks again. */
  readonly orMade?: boolean;
}

/** A snapshot that was made, checked or restored. */
export interface SnapshotInfo {
  readonly dir: string;
  readonly files: number;
  readonly sizeBytes: number;
  /** Tables that are not in it, because their files were gone when it was made. */
  readonly lost: readonly CorruptionError[];
}
