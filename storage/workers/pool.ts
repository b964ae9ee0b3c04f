// Compute on worker threads: jobs wait in one queue, each thread runs one at a time. A thread that
// dies fails its job and is replaced.

import { Worker } from 'node:worker_threads';
import { assert } from '../assert.ts';
import type { Compute } from '../env/env.ts';
import { StorageError } from '../errors.ts';
import { runJob } from './jobs.ts';
import { fromFailure, type JobReply, type JobRequest } from './messages.ts';

interface Job {
  readonly request: JobRequest;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
}

/** The compiled entry of a thread, beside this file. */
const WORKER_URL = new URL('./storage-worker.js', import.meta.url);

/** A pool of `threads` threads that run `entry`, started when the first job comes. */
export function createWorkerCompute(threads: number, entry: URL = WORKER_URL): Compute {
  assert(threads > 0, 'a pool has a thread');
  const pool = new Set<Thread>();
  const queue: Job[] = [];
  let nextId = 1;
  let closed = false;

  function dispatch(): void {
    while (queue.length > 0) {
      const thread = idleThread();
      if (thread === undefined) return;
      const job = queue.shift()!;
      thread.job = job;
      // A thread at work holds the process open; an idle one does not.
      thread.worker.ref();
      try {
        thread.worker.postMessage(job.request, job.transfer);
      } catch (error) {
        settle(thread);
        job.reject(error);
      }
    }
  }

  /** The first job starts all of them: later there may be no handles left to load code with. */
  function idleThread(): Thread | undefined {
    while (pool.size < threads) startThread();
    for (const thread of pool) if (thread.job === undefined) return thread;
    return undefined;
  }

  function startThread(): void {
    const thread: Thread = { worker: new Worker(entry), job: undefined };
    thread.worker.unref();
    pool.add(thread);
    thread.worker.on('message', (reply: JobReply) => {
      const job = settle(thread);
      assert(job?.request.id === reply.id, 'a thread answers the job it was given');
      if (reply.kind === 'done') job.resolve(reply.output);
      else job.reject(fromFailure(reply.failure));
      dispatch();
    });
    thread.worker.on('error', (error) => remove(thread, error));
    thread.worker.on('exit', (code) => remove(thread, new Error(`exit code ${code}`)));
  }

  function settle(thread: Thread): Job | undefined {
    const { job } = thread;
    thread.job = undefined;
    thread.worker.unref();
    return job;
  }

  function remove(thread: Thread, cause: unknown): void {
    pool.delete(thread);
    const job = settle(thread);
    if (job !== undefined) {
      const message = `a worker thread died during the job ${job.request.name}`;
      job.reject(new Error(message, { cause }));
    }
    if (!closed) dispatch();
  }

  return {
    run<Input, Output>(name: string, input: Input, transfer: readonly ArrayBuffer[] = []) {
      if (closed) return Promise.reject(closedError());
      return new Promise<Output>((resolve, reject) => {
        const request = { id: nextId++, name, input };
        queue.push({
          request,
          transfer,
          resolve: (output) => resolve(output as Output),
          reject,
        });
        dispatch();
      });
    },
    async close() {
      closed = true;
      for (const job of queue.splice(0)) job.reject(closedError());
      await Promise.all([...pool].map((thread) => thread.worker.terminate()));
    },
  };
}

/** Compute on the calling thread, for simulations and small tools. */
export function createInlineCompute(): Compute {
  return {
    async run<Input, Output>(name: string, input: Input) {
      return runJob(name, input) as Output;
    },
    async close() {},
  };
}

function closedError(): StorageError {
  return new StorageError('CLOSED', 'the worker threads were stopped');
}
