import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { createRng } from '../../sim/rng.ts';
import { type DoorServer, startDoorServer } from '../../support/door-server.ts';
import { NOW_MS } from '../../support/ingest-server.ts';
import { suite } from '../../support/suite.ts';

const doors = suite<{ server: DoorServer }>('ingest/http/import-doors');

doors.before.each(async (context) => {
  context.server = await startDoorServer();
});

doors.after.each(async ({ server }) => {
  assert.equal(server.bugs, []);
  await server.close();
});

interface Reply {
  readonly status: number;
  readonly body: {
    readonly status: string;
    readonly errorType?: string;
    readonly error?: string;
    readonly data?: {
      lines: number;
      accepted: number;
      rejected: number;
      rejections: { count: number; reason: string }[];
    };
  };
}

async function post(
  { http }: DoorServer,
  path: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(http + path, { method: 'POST', body, headers, ...HALF_DUPLEX });
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

/** What fetch asks for when a body is a stream. */
const HALF_DUPLEX = { duplex: 'half' } as object;

/** Of bodies that are damaged at random. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 100);

const jsonLine = (series: string, ...values: number[]) =>
  `{"metric":{"__name__":"m","s":"${series}"},"values":[${values}],` +
  `"timestamps":[${values.map((_, i) => NOW_MS + i)}]}\n`;

const PATHS: readonly (readonly [path: string, body: string])[] = [
  ['/api/v1/import', jsonLine('a', 1, 2) + jsonLine('b', 3)],
  [
    '/api/v1/import/prometheus',
    `m{s="a"} 1 ${NOW_MS}\nm{s="a"} 2 ${NOW_MS + 1}\nm{s="b"} 3 ${NOW_MS}\n`,
  ],
  [
    '/api/v1/import/csv?format=1:label:s,2:time:unix_ms,3:metric:m',
    `a,${NOW_MS},1\r\na,${NOW_MS + 1},2\r\nb,${NOW_MS},3\r\n`,
  ],
];
const WANT = [
  ['[{"name":"__name__","value":"m"},{"name":"s","value":"a"}]', [NOW_MS, 1], [NOW_MS + 1, 2]],
  ['[{"name":"__name__","value":"m"},{"name":"s","value":"b"}]', [NOW_MS, 3]],
];

function contents({ storage }: DoorServer): unknown[] {
  const words = new BigUint64Array(1);
  const doubles = new Float64Array(words.buffer);
  return [...storage.contents()].map(([labels, points]) => [
    labels,
    ...points.map(([timestampMs, bits]) => {
      words[0] = bits;
      return [timestampMs, doubles[0]];
    }),
  ]);
}

for (const [path, body] of PATHS) {
  const lines = body.split('\n').length - 1;

  doors(`${path} stores what it is sent, once however often`, async ({ server }) => {
    for (const coding of ['identity', 'gzip', 'zstd', 'identity']) {
      const bytes = Buffer.from(body);
      const encoded =
        coding === 'gzip' ? gzipSync(bytes) : coding === 'zstd' ? compress(bytes) : bytes;
      const reply = await post(server, path, new Uint8Array(encoded), {
        'content-encoding': coding,
      });
      assert.equal(reply, {
        status: 200,
        body: { status: 'success', data: { lines, accepted: 3, rejected: 0, rejections: [] } },
      });
    }
    assert.equal(contents(server), WANT);
  });

  doors(`${path} names bad lines and stores those around them`, async ({ server }) => {
    const [first, ...others] = body.split('\n');
    const reply = await post(server, path, [first, 'bad"', ...others].join('\n'));
    assert.is(reply.status, 400);
    assert.is(reply.body.errorType, 'bad_data');
    assert.match(reply.body.error!, /^line 2: [^;]+$/);
    assert.equal(reply.body.data, {
      lines: lines + 1,
      accepted: 3,
      rejected: 1,
      rejections: [{ count: 1, reason: 'line that cannot be read' }],
    });
    assert.equal(contents(server), WANT);
  });

  doors(`${path} answers an empty body`, async ({ server }) => {
    const reply = await post(server, path, '');
    assert.equal([reply.status, reply.body.data?.lines], [200, 0]);
  });

  doors(`${path} takes no bytes that are not text`, async ({ server }) => {
    const bytes = Buffer.concat([Buffer.from(body), Buffer.from([0x61, 0xff, 0x0a])]);
    const reply = await post(server, path, new Uint8Array(bytes));
    assert.match(reply.body.error!, `line ${lines + 1}: is not UTF-8`);
    assert.is(reply.body.data!.accepted, 3);
  });

  doors(`${path} survives whatever else it is sent`, async ({ server }) => {
    const seed = Number(process.env['SEED'] ?? 20_261_122);
    console.log(`seed ${seed}`);
    const rng = createRng(seed);
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = new Uint8Array(Buffer.from(body));
      for (let flips = rng.below(4); flips >= 0; flips--) {
        bytes[rng.below(bytes.length)] = rng.below(256);
      }
      const cut = bytes.slice(rng.below(10) === 0 ? rng.below(bytes.length) : 0);
      const { status } = await post(server, path, cut);
      assert.ok(status === 200 || status === 400, `round ${i}: ${status}`);
    }
    assert.is((await post(server, path, body)).status, 200);
  });
}

doors('of many bad lines the first are named', async ({ server }) => {
  const reply = await post(server, '/api/v1/import', 'x\n'.repeat(20));
  assert.match(reply.body.error!, /^line 1: .*; line 8: [^;]*; 12 more bad lines$/);
});

doors('points against the rules are counted with the reason', async ({ server }) => {
  server.service.setLimits({ labelValueBytes: 8 });
  const lines = jsonLine('abcdefghi', 1, 2) + jsonLine('abc', 1);
  const reply = await post(server, '/api/v1/import', lines);
  assert.is(reply.status, 400);
  const reason = 'label value over 8 bytes (ingest.limits.label_value_bytes)';
  assert.is(reply.body.error, `2 points rejected: ${reason}`);
  assert.equal(reply.body.data?.rejections, [{ count: 2, reason }]);
  assert.is(reply.body.data?.accepted, 1);
});

doors('an exemplar is no reason to complain', async ({ server }) => {
  const reply = await post(server, '/api/v1/import/prometheus', 'm 1 # {a="b"} 1\n');
  assert.is(reply.status, 200);
  assert.equal(reply.body.data?.rejections, [{ count: 1, reason: 'exemplars are not stored' }]);
});

doors('the media type tells seconds from milliseconds', async ({ server }) => {
  const path = '/api/v1/import/prometheus';
  const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  const seconds = NOW_MS / 1000;
  await post(server, path, `m 1 ${seconds}\n`, { 'content-type': openMetrics });
  await post(server, path, `m 2 ${NOW_MS + 1}\n`, { 'content-type': 'text/plain; version=0.0.4' });
  await post(server, path, `m 3 ${seconds + 0.002}\n`);
  const [[, ...points]] = contents(server) as [[string, ...number[][]]];
  assert.equal(points, [
    [NOW_MS, 1],
    [NOW_MS + 1, 2],
    [NOW_MS + 2, 3],
  ]);
});

doors('metadata is remembered', async ({ server }) => {
  await post(server, '/api/v1/import/prometheus', '# TYPE m gauge\n# HELP m All of it.\n');
  assert.equal(server.metadata.get('m'), [{ type: 'gauge', help: 'All of it.', unit: '' }]);
});

doors('CSV without a mapping, and with a bad one, says how one looks', async ({ server }) => {
  for (const query of ['', '?format=1:x:y', '?format=1:metric:m&header_lines=-1']) {
    const reply = await post(server, `/api/v1/import/csv${query}`, '1\n');
    assert.is(reply.status, 400);
    assert.match(reply.body.error!, /^invalid parameter "(format|header_lines)": /);
  }
  const reply = await post(server, '/api/v1/import/csv?format=1:metric:m&header_lines=1', 'm\n1\n');
  assert.is(reply.body.data?.accepted, 1);
});

doors(
  'CSV keeps series apart that look alike, in one mapping and in several',
  async ({ server }) => {
    const mappings = ['1:label:a,2:label:b,3:metric:m', '1:label:b,2:label:a,3:metric:m'];
    const rows = ['x,yz,1', 'xy,z,2', 'xy,"1:z",3', '"x,y",z,4'];
    for (const format of mappings) {
      await post(server, `/api/v1/import/csv?format=${format}`, rows.join('\n'));
    }
    const values = contents(server).map((series) => (series as [string, [number, number]])[1][1]);
    assert.equal(values, [1, 2, 3, 4, 1, 2, 3, 4]);
  },
);

doors('a line longer than a message may be is refused with the key', async ({ server }) => {
  server.service.setLimits({ messageBytes: 1000 });
  const reply = await post(server, '/api/v1/import', `${'x'.repeat(1001)}\n`);
  assert.is(reply.status, 413);
  assert.match(
    reply.body.error!,
    /a line is larger than the 1000 bytes of ingest\.limits\.message/,
  );
  const many = await post(server, '/api/v1/import', jsonLine('a', 1).repeat(100));
  assert.is(many.status, 200);
});

doors(
  'a body far over the limit is stored as it arrives, in bounded memory',
  async ({ server }) => {
    const lines = 4000;
    server.service.setLimits({ messageBytes: 64 * 1024, requestBytes: 4 * 1024 * 1024 });
    const values = Array.from({ length: 100 }, (_, i) => i);
    async function* body() {
      for (let i = 0; i < lines; i++) yield Buffer.from(jsonLine(String(i % 50), ...values));
    }
    const stream = ReadableStream.from(body()) as ReadableStream<Uint8Array>;
    const reply = await post(server, '/api/v1/import', stream);
    assert.is(reply.status, 200, reply.body.error);
    assert.equal([reply.body.data?.lines, reply.body.data?.accepted], [lines, lines * 100]);
  },
);

doors('a rate that is used up in the middle says from where to go on', async ({ server }) => {
  server.service.setLimits({ pointsPerSecond: 1 });
  const values = Array.from({ length: 1000 }, (_, i) => i);
  const body = jsonLine('a', ...values).repeat(300);
  const response = await fetch(`${server.http}/api/v1/import`, { method: 'POST', body });
  assert.is(response.status, 429);
  assert.ok(Number(response.headers.get('retry-after')) > 1);
  const { error } = (await response.json()) as { error: string };
  assert.match(error, /points_per_second\); the lines before line \d+ are stored$/);
});

doors('each door is in the metrics by its name', async ({ server }) => {
  for (const [path, body] of PATHS) await post(server, path, body);
  const metrics = await server.registry.metrics();
  for (const name of ['import', 'import_prometheus', 'import_csv']) {
    assert.match(metrics, `varve_ingest_batches_total{method="${name}"} 1`);
  }
});

doors.run();
