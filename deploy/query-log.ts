// The log of queries that took long, with what they cost: `query.log_slower_than`.

import type { QueryCost } from '../query/index.ts';
import type { Config } from './config.ts';

/** `config` is asked at each query, as a reload may change it. */
export function createQueryLog(
  config: () => { readonly query: Pick<Config['query'], 'log_slower_than'> },
  log: { info(fields: object, message: string): void },
): (cost: QueryCost) => void {
  return ({ query, range, client, outcome, durationMs, waitedMs, points }) => {
    const thresholdMs = config().query.log_slower_than;
    if (thresholdMs === null || durationMs < thresholdMs) return;
    const [duration_ms, waited_ms] = [Math.round(durationMs), Math.round(waitedMs)];
    const { startMs: start_ms, endMs: end_ms, stepMs: step_ms } = range;
    const asked = { query, start_ms, end_ms, step_ms, client };
    log.info({ ...asked, outcome, duration_ms, waited_ms, samples: points }, 'query');
  };
}
