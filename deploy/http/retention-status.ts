// GET /api/v1/status/retention: what each policy has, what the next sweep takes of it, and what
// sweeps have taken since the start. POST /api/v1/admin/sweep: a sweep at once.

import type {
  PolicyStatus,
  Retention,
  RetentionStatus,
  SweepOutcome,
} from '../../retention/index.ts';
import type { Config } from '../config.ts';

interface MatchedPolicy extends PolicyStatus {
  /** As in the config; null for a policy that is not in it any more. */
  readonly match: string | null;
}

export interface RetentionAnswer extends RetentionStatus {
  readonly policies: readonly MatchedPolicy[];
}

/** As JSON, a `keepMs` of for ever is null, and so is a `bytesMax` without a limit. */
export function retentionStatus(
  retention: Pick<Retention, 'status'>,
  config: Config,
): RetentionAnswer {
  const matches = new Map(config.retention.policies.map(({ name, match }) => [name, match]));
  const status = retention.status();
  return {
    ...status,
    policies: status.policies.map(({ name, ...policy }) => ({
      ...{ name, match: matches.get(name) ?? null },
      ...policy,
    })),
  };
}

export interface SweepReport {
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

export function sweepReport({ dropped, doubt }: SweepOutcome): SweepReport {
  return {
    dropped: dropped.map(({ window: { policy, startMs, endMs, points, sizeBytes }, reason }) => ({
      ...{ policy: policy.name, reason, startMs, endMs, points, sizeBytes },
    })),
    doubt: doubt ?? null,
  };
}
