// GET /api/v1/status/retention: what each policy has, what the next sweep takes of it, and what
// sweeps have taken since the start. POST /api/v1/admin/sweep: a sweep at once.

import type { FastifyInstance } from 'fastify';
import type {
  PolicyStatus,
  Retention,
  RetentionStatus,
  SweepOutcome,
} from '../../retention/index.ts';
import { type Config, configPolicies } from '../config.ts';
import type { PolicySetStatus } from '../policy-set/policy-sets.ts';

export interface RetentionRoutesOptions {
  readonly retention: Pick<Retention, 'status' | 'sweepNow'>;
  readonly policySet: () => PolicySetStatus | undefined;
  readonly config: () => Config;
}

/** Adds both routes; their bodies are not read. */
export function registerRetention(
  app: FastifyInstance,
  { retention, policySet, config }: RetentionRoutesOptions,
): void {
  app.get('/api/v1/status/retention', () => ({
    status: 'success',
    data: { policySet: policySet() ?? null, ...retentionAnswer(retention.status(), config()) },
  }));
  app.post('/api/v1/admin/sweep', async () => ({
    status: 'success',
    data: sweepReport(await retention.sweepNow()),
  }));
}

interface MatchedPolicy extends PolicyStatus {
  /** As in the config; null for a policy that is not in it any more. */
  readonly match: string | null;
}

interface RetentionAnswer extends RetentionStatus {
  readonly policies: readonly MatchedPolicy[];
}

/** As JSON, a `keepMs` of for ever is null, and so is a `bytesMax` without a limit. */
function retentionAnswer(status: RetentionStatus, config: Config): RetentionAnswer {
  const matches = new Map(configPolicies(config).map(({ name, match }) => [name, match]));
  return {
    ...status,
    policies: status.policies.map(({ name, ...policy }) => ({
      ...{ name, match: matches.get(name) ?? null },
      ...policy,
    })),
  };
}

interface SweepReport {
  readonly dropped: readonly {
    readonly policy: string;
    readonly reason: string;
    readonly startMs: number;
    readonly endMs: number;
    readonly points: number;
    readonly sizeBytes: number;
  }[];
  /** Why nothing was dropped, when the clock is not believed; else null. */
  readonly doubt: string | null;
}

function sweepReport({ dropped, doubt }: SweepOutcome): SweepReport {
  return {
    dropped: dropped.map(({ window: { policy, startMs, endMs, points, sizeBytes }, reason }) => ({
      policy: policy.name,
      reason,
      startMs,
      endMs,
      points,
      sizeBytes,
    })),
    doubt: doubt ?? null,
  };
}
