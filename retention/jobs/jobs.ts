// What starts the work behind a server. A job is safe to run twice: what there is to do follows
// from the manifest, or from the name of what it makes.

/** Jobs that a server has; on Redis each kind has a queue of its own. */
export const JOB_KINDS = ['sweep', 'rollup', 'compaction', 'snapshot'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** A server's queue is called so, with its id. Jobs stay under it while servers are upgraded. */
export const QUEUE_PREFIXES: Readonly<Record<JobKind, string>> = {
  sweep: 'varve-sweeps-',
  rollup: 'varve-rollups-',
  compaction: 'varve-compactions-',
  snapshot: 'varve-snapshots-',
};

/** `local`: a timer of this process, or whoever asks; `redis`: BullMQ jobs. */
export const JOB_MODES = ['local', 'redis'] as const;
export type JobMode = (typeof JOB_MODES)[number];

/** Jobs that come by time. */
export interface Jobs {
  /** What starts the next one. */
  readonly mode: JobMode;
  /** Starts no more; resolves once none is under way and all connections are closed. */
  stop(): Promise<void>;
}

/** What a job does. Its failures are logged and counted before it rejects. */
export type JobBody = () => Promise<unknown>;

/** Jobs that somebody asks for, and waits for. */
export interface AskedJobs<Request, Report> {
  readonly mode: JobMode;
  /** Settles as the job does, wherever that is done. */
  ask(request: Request): Promise<Report>;
  /** Takes no more; what is under way goes on, and is answered. Resolves once all is closed. */
  stop(): Promise<void>;
}
