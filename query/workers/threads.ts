// The threads that evaluate: not storage's, so that a flush waits for no query.

import { createWorkerCompute } from '../../storage/index.ts';
import type { QueryThreads } from '../column-compute.ts';

const WORKER_URL = new URL('./query-worker.js', import.meta.url);

/** At most `size` threads, started when they are first needed. The caller closes them. */
export function createQueryThreads(size: number): QueryThreads {
  return { ...createWorkerCompute(size, WORKER_URL), size };
}
