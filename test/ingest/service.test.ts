import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, NOW_MS, startIngestServer } from '../support/ingest-server.ts';

const service = suite('ingest/service');

service('stores self-contained series and answers with the sequence', async () => {
  const server = await startIngestServer();
  const client = connect(server.address);
  const answer = await client.write({
    sequence: 7n,
    series: [
      {
        labels: [
          { name: 'host', value: 'a' },
          { name: '__name__', value: 'load' },
        ],
        timestampsMs: [BigInt(NOW_MS), BigInt(NOW_MS - 1000)],
        values: [1.5, -0],
      },
    ],
  });
  assert.is(answer.sequence, 7n);
  assert.is(answer.accepted, 2n);
  assert.is(answer.rejected, 0n);
  assert.equal(
    [...server.storage.contents()],
    [
      [
        JSON.stringify([
          { name: '__name__', value: 'load' },
          { name: 'host', value: 'a' },
        ]),
        [
          [NOW_MS - 1000, 0x8000000000000000n],
          [NOW_MS, 0x3ff8000000000000n],
        ],
      ],
    ],
  );
  client.close();
  await server.close();
});

service.run();
