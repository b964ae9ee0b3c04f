// Tiers follow what is stored: a part of the job that sweeps, as what is due follows from the
// manifest too, and as it is as safe to run twice.

import type { RollupOutcome, Storage } from '../storage/index.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';

export interface RollupJobOptions {
  readonly storage: Pick<Storage, 'rollUp'>;
  /** A job begins nothing more after so long, ms; the next one goes on from there. */
  readonly budgetMs: number;
  readonly logger: RetentionLogger;
  readonly metrics: Pick<RetentionMetrics, 'rolledUp' | 'rollupFailed'>;
}

/** Summarises what is due. Never rejects: a failure is logged and counted. */
export function createRollupJob(options: RollupJobOptions): () => Promise<void> {
  const { storage, budgetMs, logger, metrics } = options;
  return async () => {
    try {
      const outcome: RollupOutcome = await storage.rollUp({ budgetMs });
      metrics.rolledUp(outcome);
      if (outcome.windows > 0) logger.info({ ...outcome }, 'windows summarised for tiers');
    } catch (error) {
      metrics.rollupFailed();
      logger.error({ err: error }, 'tiers are not up to date; the next job tries again');
    }
  };
}
