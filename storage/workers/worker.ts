// The entry of a worker thread: runs one job after another.

import { parentPort } from 'node:worker_threads';
import { assert } from '../assert.ts';
import { runJob, transferables } from './jobs.ts';
import { type JobReply, type JobRequest, toFailure } from './messages.ts';

const port = parentPort;
assert(port !== null, 'this file is the entry of a worker thread');

port.on('message', (request: JobRequest) => {
  let reply: JobReply;
  try {
    reply = { kind: 'done', id: request.id, output: runJob(request.name, request.input) };
  } catch (error) {
    reply = { kind: 'failed', id: request.id, failure: toFailure(error) };
  }
  port.postMessage(reply, transferables(reply));
});
