// POST or PUT /api/v1/admin/tsdb/snapshot, as Prometheus has it: makes a snapshot below the data
// directory and answers with its name once it is whole.

import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Retention } from '../../retention/index.ts';
import type { Clock } from '../../storage/index.ts';
import { sendError } from './errors.ts';

interface SnapshotRouteOptions {
  readonly retention: Pick<Retention, 'snapshot'>;
  readonly clock: Clock;
}

/** What Go's strconv.ParseBool takes. */
const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

export function registerSnapshots(scope: FastifyInstance, options: SnapshotRouteOptions): void {
  const { retention, clock } = options;
  scope.route<{ Querystring: { readonly skip_head?: string } }>({
    method: ['POST', 'PUT'],
    url: '/api/v1/admin/tsdb/snapshot',
    async handler({ query: { skip_head = 'false' } }, reply) {
      if (![...TRUE, ...FALSE].includes(skip_head)) {
        const message = `invalid parameter "skip_head": ${skip_head} is neither true nor false`;
        return sendError(reply, 400, 'bad_data', message);
      }
      const name = snapshotName(clock.nowMs());
      const { lost } = await retention.snapshot({ name, skipHead: TRUE.includes(skip_head) });
      const answer = { status: 'success', data: { name } };
      return lost.length === 0 ? answer : { ...answer, warnings: lost };
    },
  });
}

/** As Prometheus names them: the time, and what tells two of one second apart. */
export function snapshotName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(8).toString('hex')}`;
}
