// A server with narrow limits and a client that gets things wrong, while a bystander's stream on
// the same server notices nothing.

import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  connect,
  type IngestServer,
  NOW_MS,
  startIngestServer,
  type WriteCall,
  type WriteClient,
} from './ingest-server.ts';
import { toColumns, toLabels } from './write-requests.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const MESSAGE_BYTES = 16 * 1024 * 1024;
export const LIMITS = {
  labelsPerSeries: 8,
  labelValueBytes: 100,
  maxPastMs: 40 * DAY_MS,
  maxFutureMs: HOUR_MS,
  messageBytes: MESSAGE_BYTES,
  entries: 50,
};

export interface Bystander {
  server: IngestServer;
  client: WriteClient;
  neighbour: WriteClient;
  bystander: WriteCall;
}

/** Starts all of them before each test, and asks the bystander after it. */
export function watchBystander(suite: Test<Bystander>): void {
  suite.before.each(async (context) => {
    context.server = await startIngestServer({ limits: LIMITS, messageBytes: MESSAGE_BYTES });
    context.client = connect(context.server.address);
    context.neighbour = connect(context.server.address);
    context.bystander = context.neighbour.writeStream();
    context.bystander.send({
      sequence: 1n,
      definitions: [{ ref: 5, labels: toLabels({ __name__: 'bystander' }) }],
      columns: toColumns([{ ref: 5, timestampMs: NOW_MS, value: 1 }]),
    });
    assert.is((await context.bystander.ack()).accepted, 1n);
  });

  suite.after.each(async ({ server, client, neighbour, bystander }) => {
    bystander.send({
      sequence: 2n,
      columns: toColumns([{ ref: 5, timestampMs: NOW_MS + 1, value: 2 }]),
    });
    const ack = await bystander.ack();
    assert.equal([ack.sequence, ack.accepted], [2n, 1n]);
    const stored = server.storage
      .contents()
      .get(JSON.stringify(toLabels({ __name__: 'bystander' })));
    assert.is(stored?.length, 2);
    assert.equal(server.bugs, []);
    bystander.stream.end();
    assert.is(await bystander.ended(), undefined);
    client.close();
    neighbour.close();
    await server.close();
  });
}

/** One point of the series with these labels, and one good point beside it. */
export function besideGood(labels: { name: string; value: string }[]) {
  const point = { timestampsMs: [BigInt(NOW_MS)], values: [1] };
  return {
    series: [
      { labels, ...point },
      { labels: toLabels({ good: 'yes' }), ...point },
    ],
  };
}
