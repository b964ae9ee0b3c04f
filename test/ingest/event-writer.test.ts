import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scanLines } from '../support/events.ts';
import { connect, type IngestServer, NOW_MS, startIngestServer } from '../support/ingest-server.ts';
import { encodeRequest, field, toLabels } from '../support/write-requests.ts';

const events = suite('ingest/event-writer');

const API = toLabels({ service: 'api', level: 'warn' });
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;

const event = (body: string, timestampNs = NOW_NS, attributes: Record<string, string> = {}) => ({
  timestampNs,
  body: Buffer.from(body),
  attributes: toLabels(attributes),
});

async function withServer(
  test: (server: IngestServer, client: ReturnType<typeof connect>) => Promise<void>,
  limits: Parameters<typeof startIngestServer>[0] = {},
): Promise<void> {
  const server = await startIngestServer(limits);
  const client = connect(server.address);
  try {
    await test(server, client);
    assert.equal(server.bugs, []);
  } finally {
    client.close();
    await server.close();
  }
}

events('events are stored with time, body and attributes, and counted', () =>
  withServer(async ({ storage }, client) => {
    const request = {
      events: [
        {
          labels: API,
          events: [
            event('first', NOW_NS + 7n, { trace: 'ü', zone: 'eu', gone: '' }),
            event('a ns before', NOW_NS - 1n),
            event(''),
          ],
        },
        { labels: toLabels({ service: 'db' }), events: [event('other')] },
      ],
      series: [{ labels: API, timestampsMs: [BigInt(NOW_MS)], values: [2] }],
    };
    for (let sent = 0; sent < 2; sent++) {
      const answer = await client.write(request);
      assert.is(answer.accepted, 5n);
      assert.is(answer.rejected, 0n);
    }
    const api = '[{"name":"level","value":"warn"},{"name":"service","value":"api"}]';
    assert.equal(
      (await scanLines(storage)).sort(),
      [
        `[${api},${NOW_MS},0,"",[]]`,
        `[${api},${NOW_MS},7,"first",[{"name":"trace","value":"ü"},{"name":"zone","value":"eu"}]]`,
        `[${api},${NOW_MS - 1},999999,"a ns before",[]]`,
        `[[{"name":"service","value":"db"}],${NOW_MS},0,"other",[]]`,
      ].sort(),
    );
  }),
);

events('what breaks a rule is rejected with its reason, and the rest is stored', () =>
  withServer(
    async ({ storage }, client) => {
      const many = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`a${i}`, 'x']));
      const answer = await client.write({
        events: [
          { labels: [], events: [event('no labels'), event('none')] },
          {
            labels: API,
            events: [
              event('good'),
              event('x'.repeat(101)),
              event('x'.repeat(90), NOW_NS, { attribute: 'y'.repeat(10) }),
              event('too far', NOW_NS + 7_200_000_000_000n),
              event('nameless', NOW_NS, { '': 'x' }),
              event('many', NOW_NS, many),
            ],
          },
        ],
      });
      assert.is(answer.accepted, 1n);
      assert.equal(answer.rejections.map(({ count, reason }) => `${count} ${reason}`).sort(), [
        '1 timestamp more than 3600000 ms in the future (ingest.max_future)',
        '2 event over 100 bytes with attributes (ingest.limits.event_bytes)',
        '2 event with attributes without a name, of one name, or more than 128',
        '2 series without labels',
      ]);
      assert.is((await scanLines(storage)).length, 1);
    },
    { limits: { eventBytes: 100 } },
  ),
);

events('a stream without events registers no series', () =>
  withServer(async ({ storage }, client) => {
    assert.is((await client.write({ events: [{ labels: API, events: [] }] })).accepted, 0n);
    assert.is(storage.seriesCount, 0);
  }),
);

const ATTRIBUTE_NAME = field(1, Buffer.from([0xff]));
const MALFORMED: Readonly<Record<string, Buffer>> = {
  'an event that ends in its body': field(6, field(2, Buffer.from([0x12, 9, 1]))),
  'a timestamp of seven bytes': field(6, field(2, Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7]))),
  'an attribute that is not UTF-8': field(6, field(2, field(3, ATTRIBUTE_NAME))),
  'a stream that ends in an event': field(6, Buffer.from([0x12, 5])),
};

for (const [what, part] of Object.entries(MALFORMED)) {
  events(`${what} is malformed, and nothing of its request is stored`, () =>
    withServer(async ({ storage }, client) => {
      const good = encodeRequest({ events: [{ labels: API, events: [event('good')] }] });
      const failure = await client
        .write(Buffer.concat([good, part]))
        .catch((error: unknown) => error);
      assert.match(String(failure), /INVALID_ARGUMENT/);
      assert.equal(await scanLines(storage), []);
    }),
  );
}

events.run();
