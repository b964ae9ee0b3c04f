// Sweeps on a timer of this process: one at once, then one per interval.

import type { Scheduler } from '../../storage/index.ts';
import type { SweepBody, SweepJobs } from './jobs.ts';

export interface LocalJobsOptions {
  readonly sweep: SweepBody;
  /** From the start of a sweep to the start of the next, ms. */
  readonly everyMs: number;
  readonly scheduler: Scheduler;
}

export function startLocalJobs({ sweep, everyMs, scheduler }: LocalJobsOptions): SweepJobs {
  let underWay: Promise<unknown> = Promise.resolve();
  let cancel = () => {};

  function tick(): void {
    cancel = scheduler.after(everyMs, tick);
    // A failure is logged by the sweep; the next tick is its retry.
    underWay = sweep().catch(() => {});
  }

  tick();
  return {
    mode: 'local',
    async stop() {
      cancel();
      await underWay;
    },
  };
}
