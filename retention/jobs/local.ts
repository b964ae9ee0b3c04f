// Jobs on a timer of this process: one at once, then one per interval.

import type { Scheduler } from '../../storage/index.ts';
import type { JobBody, Jobs } from './jobs.ts';

export interface LocalJobsOptions {
  readonly body: JobBody;
  /** From the start of one to the start of the next, ms. */
  readonly everyMs: number;
  readonly scheduler: Scheduler;
}

export function startLocalJobs({ body, everyMs, scheduler }: LocalJobsOptions): Jobs {
  let underWay: Promise<unknown> = Promise.resolve();
  let cancel = () => {};

  function tick(): void {
    cancel = scheduler.after(everyMs, tick);
    // A failure is logged by the job; the next tick is its retry.
    underWay = body().catch(() => {});
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
