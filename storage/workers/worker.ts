// The entry of a worker thread of storage.

import { runJob } from './jobs.ts';
import { serveJobs } from './serve.ts';

serveJobs(runJob);
