// What a worker thread does: one job after another, as they are posted to it.

import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { transferables } from './jobs.ts';
import { type JobReply, type JobRequest, toFailure } from './messages.ts';

/**
 * Answers jobs with `run`, for as long as the thread lives. Called once, on a worker thread. On
 * Linux `niceness` is that of the thread alone: where cores are short, an acknowledgement does not
 * wait for its jobs. Elsewhere it would be that of the whole process.
 */
export function serveJobs(run: (name: string, input: unknown) => unknown, niceness: number): void {
  const port = parentPort;
  assert(port !== null, 'jobs are served on a worker thread');
  if (process.platform === 'linux') setPriority(0, niceness);

  port.on('message', (request: JobRequest) => {
    let reply: JobReply;
    try {
      reply = { kind: 'done', id: request.id, output: run(request.name, request.input) };
    } catch (error) {
      reply = { kind: 'failed', id: request.id, failure: toFailure(error) };
    }
    port.postMessage(reply, transferables(reply));
  });
}
