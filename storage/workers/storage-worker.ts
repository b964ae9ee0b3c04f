// The entry of a worker thread of storage.

import { constants } from 'node:os';
import { runJob } from './jobs.ts';
import { serveJobs } from './serve.ts';

serveJobs(runJob, constants.priority.PRIORITY_BELOW_NORMAL);
