// One kind of job that somebody asks for, as BullMQ jobs named by their request: such a job is done
// once, by whichever worker of the queue takes it, and whoever asked has its report. A job left by
// a process that died is taken over by the next one.
//
// When Redis is away, or goes away before the job is done, it is done here at once. Should Redis
// bring it afterwards, it is known by its name.

import { Job } from 'bullmq';
import { StorageError } from '../../storage/index.ts';
import type { RetentionLogger } from '../logger.ts';
import type { AskedJobs, JobMode } from './jobs.ts';
import { jobOptions, openRedisQueue, type RedisQueueOptions, reasonOf } from './redis-queue.ts';

/** How long Redis may take for an answer before it counts as away, ms. */
const ANSWER_MS_MAX = 5000;
/** Between two looks at a job that another worker may have taken, ms. */
const LOOK_MS = 100;
/** Wait before the first retry: somebody is waiting; see jobOptions, ms. */
const RETRY_MS = 1000;
/** Requests whose outcome is remembered, by name. */
const OUTCOMES_KEPT = 20;

export interface AskedJobsOptions<Request, Report>
  extends Pick<RedisQueueOptions, 'kind' | 'redisUrl' | 'serverId' | 'scheduler'> {
  /** May be called again with a request that another process had under way. */
  readonly body: (request: Request) => Promise<Report>;
  readonly logger: RetentionLogger;
}

interface Outcome<Report> {
  readonly done: Promise<Report>;
  state: 'under way' | 'done' | 'failed';
}

/** Requests and reports are plain JSON; a name is letters, digits and dashes, and not a number. */
export function startAskedJobs<Request extends { readonly name: string }, Report>(
  options: AskedJobsOptions<Request, Report>,
): AskedJobs<Request, Report> {
  const { kind, body, scheduler, logger } = options;
  const outcomes = new Map<string, Outcome<Report>>();
  let mode: JobMode = 'local';
  let saidAway = false;

  const redis = openRedisQueue({
    ...options,
    take: (job) => run(job.data as Request),
    onReady: goRedis,
    onAway: goLocal,
    // Whoever waits for a job has Redis answer within ANSWER_MS_MAX.
    onTrouble: () => {},
  });

  /** Once for a name, unless it failed. */
  function run(request: Request): Promise<Report> {
    const known = outcomes.get(request.name);
    if (known !== undefined && known.state !== 'failed') return known.done;
    const outcome: Outcome<Report> = { done: body(request), state: 'under way' };
    const end = (state: Outcome<Report>['state']) => () => {
      outcome.state = state;
    };
    outcome.done.then(end('done'), end('failed'));
    outcomes.set(request.name, outcome);
    const [oldest] = outcomes.keys();
    if (outcomes.size > OUTCOMES_KEPT) outcomes.delete(oldest!);
    return outcome.done;
  }

  async function ask(request: Request): Promise<Report> {
    let report: (() => Promise<Report>) | undefined;
    try {
      if (redis.isConnected) report = await asJob(request);
    } catch (error) {
      goLocal(reasonOf(error));
    }
    return report === undefined ? run(request) : report();
  }

  /** Adds a job and waits for its end; undefined when Redis goes away before, or has lost it. */
  async function asJob(request: Request): Promise<(() => Promise<Report>) | undefined> {
    const { name } = request;
    await answered(redis.queue.add(kind, request, { ...jobOptions(RETRY_MS), jobId: name }));
    goRedis();
    while (redis.isConnected) {
      const own = outcomes.get(name);
      // Redis hears of it in its own time.
      if (own?.state === 'done') return () => own.done;
      const state = await answered(redis.queue.getJobState(name));
      if (state === 'failed' && own !== undefined) return () => own.done;
      if (state === 'completed' || state === 'failed') {
        const job = await answered(Job.fromId<Request, Report>(redis.queue, name));
        return job && (async () => reportOf(job, state));
      }
      if (state === 'unknown') return undefined;
      const underWay = own?.state === 'under way' ? [own.done.catch(() => {})] : [];
      await Promise.race([pause(LOOK_MS), ...underWay]);
    }
    return undefined;
  }

  function reportOf(job: Job<Request, Report>, state: 'completed' | 'failed'): Report {
    if (state === 'completed') return job.returnvalue;
    throw new StorageError('UNAVAILABLE', job.failedReason);
  }

  /** Rejects when Redis takes too long. */
  async function answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      const message = `no answer within ${ANSWER_MS_MAX} ms`;
      cancel = scheduler.after(ANSWER_MS_MAX, () => reject(new Error(message)));
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      cancel();
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => void scheduler.after(ms, resolve));
  }

  function goRedis(): void {
    if (mode === 'redis') return;
    mode = 'redis';
    saidAway = false;
    logger.info({ queue: redis.name }, `Redis is there: ${kind}s are made as its jobs`);
  }

  function goLocal(reason: string): void {
    mode = 'local';
    if (saidAway) return;
    saidAway = true;
    logger.warn({ queue: redis.name, reason }, `Redis is away: ${kind}s are made at once`);
  }

  return {
    get mode() {
      return mode;
    },
    ask,
    async stop() {
      // What is heard from here on is the end of the connection.
      saidAway = true;
      await redis.close();
    },
  };
}
