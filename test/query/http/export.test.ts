import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decompress } from 'zstd-napi';
import { CorruptionError, type SeriesPoints, type Storage } from '../../../storage/index.ts';
import { appendEvents } from '../../support/events.ts';
import { createNaiveStorage } from '../../support/naive-storage.ts';
import { get, withServer } from '../../support/query-routes.ts';
import { storageWith } from '../../support/query-server.ts';

const exporting = suite('query/http/export');

const line = (metric: string, values: string, timestamps: string) =>
  `{"metric":${metric},"values":[${values}],"timestamps":[${timestamps}]}\n`;
const UP_A = '{"__name__":"up","instance":"1","job":"a"}';
const UP_B = '{"__name__":"up","instance":"2","job":"b"}';

const EXPORTS: readonly (readonly [what: string, query: string, want: string])[] = [
  [
    'all points of the series selected',
    'match[]=up',
    line(UP_A, '1,2,3,4,5', '0,60000,120000,180000,240000') +
      line(UP_B, '10,30,50', '0,120000,240000'),
  ],
  [
    'those between start and end, both included',
    'match[]=up&start=60&end=120',
    line(UP_A, '2,3', '60000,120000') + line(UP_B, '30', '120000'),
  ],
  [
    'series of any selector, each once',
    'match[]=up{job="a"}&match[]=up{instance="1"}&end=0',
    line(UP_A, '1', '0'),
  ],
  ['nothing of nothing', 'match[]=none', ''],
];
for (const [what, query, want] of EXPORTS) {
  exporting(`exports ${what}`, () =>
    withServer(async ({ url }) => {
      const response = await fetch(`${url}/api/v1/export?${query}`);
      assert.is(response.status, 200);
      assert.is(response.headers.get('content-type'), 'application/x-ndjson');
      assert.is(await response.text(), want);
    }),
  );
}

exporting('writes events behind points, in lines of their own', async () => {
  const storage = createNaiveStorage();
  const labels = [{ name: 'service', value: 'api' }];
  const ids = await storage.resolve([labels]);
  await storage.append({ ids, timestampsMs: Float64Array.of(5), values: Float64Array.of(2) });
  await appendEvents(storage, [
    { labels, timestampMs: 0, nanos: 7, body: 'a "b"', attributes: [{ name: 't', value: 'x' }] },
    { labels, timestampMs: -1, nanos: 999_999, body: Buffer.from([0xff, 0]) },
    { labels, timestampMs: 1000, body: 'x'.repeat(300_000) },
    { labels, timestampMs: 2000, body: 'at the end' },
    { labels, timestampMs: 2001, body: 'behind it' },
    { labels: [{ name: 'service', value: 'db' }], timestampMs: 0, body: 'other' },
  ]);
  const events = (...list: string[]) =>
    `{"stream":{"service":"api"},"events":[${list.join(',')}]}\n`;
  await withServer(
    async ({ url }) => {
      const response = await fetch(`${url}/api/v1/export?match[]={service="api"}&end=2`);
      assert.is(
        await response.text(),
        line('{"service":"api"}', '2', '5') +
          events(
            '["-1",{"base64":"/wA="}]',
            '["7","a \\"b\\"",{"t":"x"}]',
            `["1000000000","${'x'.repeat(300_000)}"]`,
          ) +
          events('["2000000000","at the end"]'),
      );
    },
    { storage },
  );
});

exporting('refuses to guess what is wanted', () =>
  withServer(async (server) => {
    for (const query of ['', '?match[]=up(', '?match[]={}', '?match[]=up&start=noon']) {
      const { status, body } = await get(server, `/api/v1/export${query}`);
      assert.is(status, 400, query);
      assert.is((body as { errorType: string }).errorType, 'bad_data');
    }
  }),
);

exporting('writes what JSON has no number for, bit for bit', async () => {
  const bits = [
    ['7ff8000000000001', 'null'],
    ['7ff0000000000002', '"StaleNaN"'],
    ['7ff0000000000000', '"Infinity"'],
    ['fff0000000000000', '"-Infinity"'],
    ['7ff8000000000000', '"NaN:7ff8000000000000"'],
    ['fff000000000000a', '"NaN:fff000000000000a"'],
    ['8000000000000000', '-0'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['0000000000000001', '5e-324'],
  ];
  const storage = createNaiveStorage();
  const ids = await storage.resolve([[{ name: 'a', value: '"\n\u{1f600}' }]]);
  const values = BigUint64Array.from(bits, ([hex]) => BigInt(`0x${hex}`));
  await storage.append({
    ids: new Uint32Array(bits.length).fill(ids[0]!),
    timestampsMs: Float64Array.from(bits, (_, i) => i),
    values: new Float64Array(values.buffer),
  });
  await withServer(
    async ({ url }) => {
      const text = await (await fetch(`${url}/api/v1/export?match[]={a!=""}`)).text();
      const texts = bits.map(([, json]) => json).join(',');
      const metric = JSON.stringify({ a: '"\n\u{1f600}' });
      assert.is(text, line(metric, texts, bits.map((_, i) => i).join(',')));
    },
    { storage },
  );
});

exporting('a long series goes out in lines that a reader has memory for', async () => {
  const storage = await storageWith(1, `long ${'1 '.repeat(25_001)}`);
  await withServer(
    async ({ url }) => {
      const text = await (await fetch(`${url}/api/v1/export?match[]=long`)).text();
      const lines = text.trimEnd().split('\n');
      const counts = lines.map((one) => (JSON.parse(one) as { values: number[] }).values.length);
      assert.equal(counts, [10_000, 10_000, 5001]);
    },
    { storage },
  );
});

exporting('is compressed when the reader asks for it', async () => {
  const storage = await storageWith(1, `long ${'1 '.repeat(5000)}`);
  await withServer(
    async ({ url }) => {
      const [plain, gzip, zstd] = await Promise.all(
        ['identity', 'gzip', 'zstd'].map((coding) => rawExport(url, coding)),
      );
      assert.is(plain!.coding, undefined);
      assert.is(gzip!.coding, 'gzip');
      assert.is(zstd!.coding, 'zstd');
      assert.ok(plain!.bytes.equals(gunzipSync(gzip!.bytes)));
      assert.ok(plain!.bytes.equals(decompress(zstd!.bytes)));
    },
    { storage },
  );
});

/** The bytes as they are sent: fetch would undo the coding. */
async function rawExport(url: string, coding: string) {
  const request = httpGet(`${url}/api/v1/export?match[]=long`, {
    headers: { 'accept-encoding': coding },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { coding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) };
}

/** A storage whose scan is `scan`. */
async function scanning(scan: Storage['scan']): Promise<Storage> {
  return { ...(await storageWith(1, 'up 1')), scan };
}

const POINTS: SeriesPoints = {
  id: 1,
  labels: [{ name: '__name__', value: 'up' }],
  timestampsMs: Float64Array.from({ length: 10_000 }, (_, i) => i),
  values: new Float64Array(10_000),
};

exporting('ends with a line that tells of damage, after all that could be read', async () => {
  const storage = await scanning(async function* ({ onCorruption }) {
    onCorruption!(new CorruptionError('000001.sst', 8, 'expected checksum 1, found 2'));
    yield [{ ...POINTS, timestampsMs: Float64Array.of(5), values: Float64Array.of(7) }];
  });
  await withServer(
    async ({ url }) => {
      const text = await (await fetch(`${url}/api/v1/export?match[]=up`)).text();
      const [points, last, end] = text.split('\n');
      assert.is(`${points}\n`, line('{"__name__":"up"}', '7', '5'));
      const { warnings } = JSON.parse(last!) as { warnings: string[] };
      assert.is(warnings.length, 1);
      assert.match(warnings[0]!, /^damaged data was left out: .*000001\.sst/);
      assert.is(end, '');
    },
    { storage },
  );
});

exporting('a failure before the first line is answered in words', async () => {
  const broken = new Error('broken');
  const storage = await scanning(async function* () {
    yield [];
    throw broken;
  });
  await withServer(
    async (server) => {
      assert.is((await get(server, '/api/v1/export?match[]=up')).status, 500);
      assert.equal(server.errors, [broken]);
    },
    { storage },
  );
});

exporting('a failure later on cuts the answer off', async () => {
  const broken = new Error('broken');
  const storage = await scanning(async function* () {
    yield [POINTS, POINTS];
    throw broken;
  });
  await withServer(
    async (server) => {
      const response = await fetch(`${server.url}/api/v1/export?match[]=up`);
      assert.is(response.status, 200);
      const failed = await response.text().then(
        () => false,
        () => true,
      );
      assert.ok(failed, 'it looked complete');
      assert.equal(server.errors, [broken]);
    },
    { storage },
  );
});

exporting('reads no faster than it is read, and stops when nobody reads', async () => {
  let batches = 0;
  let ended = () => {};
  const stopped = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const storage = await scanning(async function* () {
    try {
      for (; batches < 2000; batches++) yield [POINTS];
    } finally {
      ended();
    }
  });
  await withServer(
    async ({ url }) => {
      const request = httpGet(`${url}/api/v1/export?match[]=up`);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.pause();
      // 2,000 batches are some 150 MB: what nobody reads stays in the buffers of the sockets.
      for (let before = -1; before !== batches; ) {
        before = batches;
        for (let turn = 0; turn < 2000; turn++) await new Promise(setImmediate);
      }
      assert.ok(batches < 1000, `${batches} batches were read`);
      response.destroy();
      await stopped;
      assert.ok(batches < 1000);
    },
    { storage },
  );
});

exporting('exports have places of their own, and give them back', async () => {
  await withServer(
    async ({ url }) => {
      for (let i = 0; i < 3; i++) {
        const response = await fetch(`${url}/api/v1/export?match[]=up`);
        assert.is(response.status, 200);
        await response.text();
      }
      const broken = await fetch(`${url}/api/v1/export?match[]=up(`);
      assert.is(broken.status, 400);
    },
    { limits: { concurrentMax: 1, queuedMax: 0 } },
  );
});

exporting.run();
