// What may wait is merged: the body of a job, which is safe to run twice, as what is due follows
// from the manifest. What writes and reads wait for, storage merges by itself.

import type { Storage } from '../storage/index.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';

export interface CompactionJobOptions {
  readonly storage: Pick<Storage, 'compactDue'>;
  /** A job begins no further merge after so long, ms; the next one goes on from there. */
  readonly budgetMs: number;
  /** Ends the waiting for a merge, which may take minutes: closing the storage cuts it short. */
  readonly signal: AbortSignal;
  readonly logger: RetentionLogger;
  readonly metrics: Pick<RetentionMetrics, 'compactionFailed'>;
}

/** A failure is logged and counted before it rejects. */
export function createCompactionJob(options: CompactionJobOptions): () => Promise<void> {
  const { storage, budgetMs, signal, logger, metrics } = options;
  return async () => {
    try {
      const outcome = await storage.compactDue({ budgetMs, signal });
      if (outcome.merges > 0) logger.info({ ...outcome }, 'tables merged');
    } catch (error) {
      metrics.compactionFailed();
      logger.error({ err: error }, 'tables are not merged; the next job tries again');
      throw error;
    }
  };
}
