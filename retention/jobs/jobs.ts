// What starts sweeps. Both kinds have the same body, a sweep, which is safe to run twice.

/** A server's queue is called so, with its id. Jobs stay under it while servers are upgraded. */
export const QUEUE_PREFIX = 'varve-sweeps-';

/** `local`: a timer of this process; `redis`: BullMQ jobs. */
export const JOB_MODES = ['local', 'redis'] as const;
export type JobMode = (typeof JOB_MODES)[number];

export interface SweepJobs {
  /** What starts the next sweep. */
  readonly mode: JobMode;
  /** Starts no more sweeps; resolves once none is under way and all connections are closed. */
  stop(): Promise<void>;
}

/** The body of a job. Its failures are logged and counted before it rejects. */
export type SweepBody = () => Promise<unknown>;
