// One sweep: asks the clock guard whether, and the policies which, then has storage drop them.
// Safe to run twice: dropping is idempotent. Sweeps never overlap: those asked for while one is
// under way share the one that follows it, so that each decides by its caller's time and policies.

import type { Clock, Storage } from '../storage/index.ts';
import { judgeClock, startClockGuard } from './clock-guard.ts';
import { createDropTally, type DropTally } from './drop-tally.ts';
import type { RetentionLogger } from './logger.ts';
import type { RetentionMetrics } from './metrics.ts';
import { type Drop, planSweep, type SweepPlan } from './plan.ts';
import type { SweepRules } from './policy.ts';

export interface SweepOutcome {
  /** What is gone now. */
  readonly dropped: readonly Drop[];
  /** Why nothing was dropped, when the clock is not believed. */
  readonly doubt: string | undefined;
}

/** What sweeps have done since the start. */
export interface SweepHistory {
  /** Wall time of the last one that was carried out, ms since the epoch. */
  readonly lastSweepMs: number | undefined;
  /** As in the outcome of the last one. */
  readonly doubt: string | undefined;
  readonly dropped: Pick<DropTally, 'of'>;
}

export interface Sweeper {
  /** Rejects as `dropWindows` does; the failure is logged and counted before. */
  sweep(): Promise<SweepOutcome>;
  /** What a sweep at `atMs` would do, were its clock believed. Default now. */
  plan(atMs?: number): SweepPlan;
  history(): SweepHistory;
}

export interface SweeperOptions {
  readonly storage: Pick<Storage, 'windows' | 'dropWindows'>;
  /** Those in force when a sweep begins decide it. */
  readonly rules: () => SweepRules;
  readonly clock: Clock;
  readonly logger: RetentionLogger;
  readonly metrics: RetentionMetrics;
}

/** To be made before this run's first points are stored: what is there now tells a false clock. */
export function createSweeper(options: SweeperOptions): Sweeper {
  const { storage, rules, clock, logger, metrics } = options;
  let guard = startClockGuard(storage.windows());
  let doubted: string | undefined;
  let lastSweepMs: number | undefined;
  const tally = createDropTally();
  let underWay: Promise<SweepOutcome> | undefined;
  let following: Promise<SweepOutcome> | undefined;

  function plan(atMs = clock.nowMs()): SweepPlan {
    return planSweep(storage.windows(), rules(), atMs);
  }

  async function sweepOnce(): Promise<SweepOutcome> {
    const wallMs = clock.nowMs();
    const doubt = judge(wallMs);
    if (doubt !== undefined) return { dropped: [], doubt };
    const dropped = await carryOut(plan(wallMs).drops);
    lastSweepMs = wallMs;
    tally.add(dropped);
    metrics.swept(wallMs, dropped);
    metrics.stored(plan(wallMs));
    for (const { window, reason } of dropped) {
      const { policy, startMs, endMs, points, sizeBytes } = window;
      const fields = { policy: policy.name, reason, startMs, endMs, points, sizeBytes };
      logger.info(fields, 'window dropped');
    }
    return { dropped, doubt };
  }

  /** With the figures that the windows had as they went: points in memory go with them. */
  async function carryOut(drops: readonly Drop[]): Promise<Drop[]> {
    if (drops.length === 0) return [];
    const reasons = new Map(drops.map(({ window, reason }) => [window.key, reason]));
    const gone = await storage.dropWindows([...reasons.keys()]);
    return gone.map((window) => ({ window, reason: reasons.get(window.key)! }));
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
    history: () => ({ lastSweepMs, doubt: doubted, dropped: tally }),
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
