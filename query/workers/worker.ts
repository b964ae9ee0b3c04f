// The entry of a thread that evaluates.

import { serveJobs } from '../../storage/index.ts';
import { runQueryJob } from './jobs.ts';

serveJobs(runQueryJob);
