// Tiers follow what is stored: the body of a job, which is safe to run twice, as what is due
// follows from the manifest.

import type { RollupOptions, RollupOutcome, Storage } from '../storage/index.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';

export interface RollupJobOptions {
  readonly storage: Pick<Storage, 'rollUp'>;
  /** A job begins nothing more after so long, ms; the next one goes on from there. */
  readonly budgetMs: number;
  readonly logger: RetentionLogger;
  readonly metrics: Pick<RetentionMetrics, 'rolledUp' | 'rollupFailed'>;
}

/** Summarises what is due, or `all`. A failure is logged and counted before it rejects. */
export type RollupJob = (which?: Pick<RollupOptions, 'all'>) => Promise<void>;

export function createRollupJob(options: RollupJobOptions): RollupJob {
  const { storage, budgetMs, logger, metrics } = options;
  return async (which = {}) => {
    try {
      const outcome: RollupOutcome = await storage.rollUp({ budgetMs, ...which });
      metrics.rolledUp(outcome);
      if (outcome.windows > 0) logger.info({ ...outcome }, 'windows summarised for tiers');
    } catch (error) {
      metrics.rollupFailed();
      logger.error({ err: error }, 'tiers are not up to date; the next job tries again');
      throw error;
    }
  };
}
