// The entry of a thread that evaluates.

import { serveJobs } from '../../storage/index.ts';
import { runQueryJob } from './jobs.ts';

/** A third of the main thread's share where cores are short: somebody waits for a query, too. */
const NICENESS = 5;

serveJobs(runQueryJob, NICENESS);
