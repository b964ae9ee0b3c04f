// A worker of a server's sweeps as a process of its own, to be killed: takes the server's jobs from
// Redis and has the server sweep. Arguments: the URL of Redis, the server's id, its URL.

import { startRedisJobs } from '../../retention/jobs/scheduled.ts';
import { createNodeEnv } from '../../storage/index.ts';
import { createTestLog } from './retention.ts';

const [redisUrl, serverId, http] = process.argv.slice(2) as [string, string, string];
const { clock, scheduler } = createNodeEnv(1);

startRedisJobs({
  ...{ redisUrl, serverId, clock, scheduler },
  everyMs: 1000,
  logger: createTestLog().logger,
  onMode: () => {},
  kind: 'sweep',
  async body() {
    const response = await fetch(`${http}/api/v1/admin/sweep`, { method: 'POST' });
    if (!response.ok) throw new Error(await response.text());
  },
});
