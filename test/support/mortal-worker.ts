// A worker thread that answers every job with its input, except one called `die`: it exits then.

import { parentPort } from 'node:worker_threads';
import type { JobReply, JobRequest } from '../../storage/workers/messages.ts';

parentPort!.on('message', (request: JobRequest) => {
  if (request.name === 'die') process.exit(3);
  const reply: JobReply = { kind: 'done', id: request.id, output: request.input };
  parentPort!.postMessage(reply);
});
