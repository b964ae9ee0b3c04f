// One sweep: asks the clock guard whether, and the policies which, then has storage drop them.
// Safe to run twice: dropping is idempotent. Sweeps never overlap: those asked for while one is
// under way share the one that follows it, so that each decides by its caller's time and policies.

import type { Clock, Storage, WindowInfo } from '../storage/index.ts';
import { judgeClock, startClockGuard } from './clock-guard.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';
import { planSweep, type SweepPlan } from './plan.ts';

export interface SweepOutcome {
  /** What is gone now. */
  readonly dropped: readonly WindowInfo[];
  /** Why nothing was dropped, when the clock is not believed. */
  readonly doubt: string | undefined;
}

export interface Sweeper {
  /** Rejects as `dropWindows` does; the failure is logged and counted before. */
  sweep(): Promise<SweepOutcome>;
  /** What a sweep at `atMs` would do, were its clock believed. Default now. */
  plan(atMs?: number): SweepPlan;
}

export interface SweeperOptions {
  readonly storage: Pick<Storage, 'windows' | 'policies' | 'dropWindows'>;
  readonly clock: Clock;
  readonly logger: RetentionLogger;
  readonly metrics: RetentionMetrics;
}

/** To be made before this run's first points are stored: what is there now tells a false clock. */
export function createSweeper({ storage, clock, logger, metrics }: SweeperOptions): Sweeper {
  let guard = startClockGuard(storage.windows());
  let doubted: string | undefined;
  let underWay: Promise<SweepOutcome> | undefined;
  let following: Promise<SweepOutcome> | undefined;

  function plan(atMs = clock.nowMs()): SweepPlan {
    return planSweep(storage.windows(), storage.policies, atMs);
  }

  async function sweepOnce(): Promise<SweepOutcome> {
    const wallMs = clock.nowMs();
    const doubt = judge(wallMs);
    if (doubt !== undefined) return { dropped: [], doubt };
    const { expired } = plan(wallMs);
    const dropped =
      expired.length === 0 ? [] : await storage.dropWindows(expired.map(({ key }) => key));
    metrics.swept(wallMs, dropped);
    for (const window of dropped) {
      const { policy, startMs, endMs, points, sizeBytes } = window;
      logger.info({ policy: policy.name, startMs, endMs, points, sizeBytes }, 'window dropped');
    }
    return { dropped, doubt };
  }

  /** Says so once when doubt begins and once when it ends. */
  function judge(wallMs: number): string | undefined {
    const { doubt, state } = judgeClock(guard, { wallMs, monotonicMs: clock.monotonicMs() });
    guard = state;
    metrics.clockBelieved(doubt === undefined);
    if (doubt !== undefined && doubted === undefined) {
      logger.warn({ wallMs }, `nothing expires: ${doubt}; restart the server if it is right`);
    } else if (doubt === undefined && doubted !== undefined) {
      logger.info({ wallMs }, 'the clock is believed again: windows expire');
    }
    doubted = doubt;
    return doubt;
  }

  function begin(): Promise<SweepOutcome> {
    underWay = sweepOnce()
      .catch((error: unknown) => {
        metrics.sweepFailed();
        logger.error({ err: error }, 'sweep failed; the next one tries again');
        throw error;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  return {
    plan,
    sweep() {
      // Asked first: between two sweeps none is under way, but the next one is due.
      if (following !== undefined) return following;
      if (underWay === undefined) return begin();
      following = underWay
        .catch(() => {})
        .then(() => {
          following = undefined;
          return begin();
        });
      return following;
    },
  };
}
