// A snapshot that was asked for: the body of a job, which is safe to run twice, as the snapshot is
// known by its name.

import { type Clock, type Storage, StorageError } from '../storage/index.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';

export interface SnapshotRequest {
  /** Its directory's: letters, digits, dashes and underscores. */
  readonly name: string;
  /** Leaves out what is in memory. */
  readonly skipHead: boolean;
}

export interface SnapshotReport {
  readonly files: number;
  readonly sizeBytes: number;
  /** Of each table that is not in it, why. */
  readonly lost: readonly string[];
}

export interface SnapshotJobOptions {
  readonly storage: Pick<Storage, 'snapshot'>;
  /** Where snapshots are made. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: RetentionLogger;
  readonly metrics: Pick<RetentionMetrics, 'snapshotMade' | 'snapshotFailed'>;
}

export type SnapshotJob = (request: SnapshotRequest) => Promise<SnapshotReport>;

/** A failure is counted, and logged by whoever asked. */
export function createSnapshotJob(options: SnapshotJobOptions): SnapshotJob {
  const { storage, clock, logger, metrics } = options;
  return async ({ name, skipHead }) => {
    // It may come out of a Redis that others write to.
    if (!/^[\w-]+$/.test(name)) {
      throw new StorageError('INVALID_ARGUMENT', `${JSON.stringify(name)} names no snapshot`);
    }
    const dir = `${options.dir}/${name}`;
    const startMs = clock.monotonicMs();
    try {
      const made = await storage.snapshot(dir, { skipHead, orMade: true });
      metrics.snapshotMade(clock.nowMs());
      const { files, sizeBytes, lost } = made;
      const durationMs = clock.monotonicMs() - startMs;
      logger.info({ dir, files, sizeBytes, lost: lost.length, durationMs }, 'snapshot made');
      return { files, sizeBytes, lost: lost.map(({ message }) => message) };
    } catch (error) {
      metrics.snapshotFailed();
      throw error;
    }
  };
}
