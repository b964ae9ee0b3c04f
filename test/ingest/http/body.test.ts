// What every door shares: how bodies arrive, and what becomes of those that should not.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { compressSync } from 'snappy';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import type { IngestLimits } from '../../../ingest/index.ts';
import { StorageError } from '../../../storage/index.ts';
import {
  type DoorServer,
  type DoorServerOptions,
  startDoorServer,
} from '../../support/door-server.ts';
import { type HeldStorage, holdAppends } from '../../support/held-storage.ts';
import { NOW_MS } from '../../support/ingest-server.ts';
import { encodeV1, postWrite, toV1 } from '../../support/remote-write.ts';

const body = suite('ingest/http/body');

async function withServer(
  options: DoorServerOptions,
  use: (server: DoorServer) => Promise<void>,
): Promise<void> {
  const server = await startDoorServer(options);
  try {
    await use(server);
    assert.equal(server.bugs, []);
  } finally {
    await server.close();
  }
}

const LIMITS: Partial<IngestLimits> = { messageBytes: 64 * 1024 };
const LINES = Array.from({ length: 2000 }, (_, i) => `m,t=${i % 7} f=${i} ${NOW_MS - i}\n`).join(
  '',
);

const CODINGS: readonly (readonly [string, (bytes: Buffer) => Uint8Array])[] = [
  ['identity', (bytes) => bytes],
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['zstd', (bytes) => compress(bytes)],
  ['snappy', (bytes) => compressSync(bytes)],
];

function postLines(
  server: DoorServer,
  bytes: Uint8Array,
  coding: string,
  path = '/write?precision=ms',
): Promise<Response> {
  return fetch(`${server.http}${path}`, {
    method: 'POST',
    headers: { 'content-encoding': coding },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
}

for (const [coding, encode] of CODINGS) {
  body(`lines that come as ${coding} are stored`, async () => {
    await withServer({}, async (server) => {
      const answer = await postLines(server, encode(Buffer.from(LINES)), coding);
      assert.is(answer.status, 204, await answer.text());
      const stored = [...server.storage.contents().values()].map((points) => points.length);
      assert.is(
        stored.reduce((sum, length) => sum + length),
        2000,
      );
    });
  });

  body(`a message that comes as ${coding} is stored`, async () => {
    await withServer({}, async (server) => {
      const series = [{ labels: { __name__: 'up' }, samples: [[NOW_MS, 1]] as const }];
      const answer = await fetch(`${server.http}/api/v1/write`, {
        method: 'POST',
        headers: { 'content-encoding': coding },
        body: encode(encodeV1(toV1(series))) as Uint8Array<ArrayBuffer>,
      });
      assert.is(answer.status, 204, await answer.text());
    });
  });

  body(`a little ${coding} that unfolds into a line without an end is refused`, async () => {
    await withServer({ limits: LIMITS }, async (server) => {
      const bomb = encode(Buffer.alloc(8 * 1024 * 1024, 'x'));
      const answer = await postLines(server, bomb, coding);
      assert.is(answer.status, 413);
      assert.match(await answer.text(), /65536 bytes of ingest.limits.message/);
    });
  });

  if (coding === 'identity') continue;
  body(`${coding} that is damaged or cut short is refused`, async () => {
    await withServer({}, async (server) => {
      const whole = encode(Buffer.from(LINES));
      for (const bytes of [whole.subarray(0, whole.length - 9), Buffer.from('no such thing')]) {
        const answer = await postLines(server, bytes, coding);
        assert.is(answer.status, 400);
        assert.match(await answer.text(), new RegExp(`malformed request: ${coding} body: `));
      }
    });
  });
}

const MESSAGE = encodeV1(toV1([{ labels: { __name__: 'up' }, samples: [[NOW_MS, 1]] }]));

body('a storage that refuses is passed on as what it is, with a time to wait', async () => {
  const cases = [
    ['UNAVAILABLE', 503],
    ['RESOURCE_EXHAUSTED', 429],
  ] as const;
  for (const [code, status] of cases) {
    const append = () => Promise.reject(new StorageError(code, 'the disk is full'));
    await withServer({ wrap: (storage) => ({ ...storage, append }) }, async (server) => {
      const answers = [
        await postWrite(server.http, MESSAGE),
        await postLines(server, Buffer.from('m f=1'), 'identity'),
        await postLines(server, Buffer.from('m f=1'), 'identity', '/api/v2/write'),
      ];
      for (const answer of answers) {
        assert.is(answer.status, status);
        assert.is(answer.headers.get('retry-after'), '1');
        assert.match(await answer.text(), /the disk is full/);
      }
    });
  }
});

body('points over the rate are told when to come again', async () => {
  await withServer({ limits: { pointsPerSecond: 1 } }, async (server) => {
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await postWrite(server.http, MESSAGE)).status);
    assert.equal(statuses.slice(-1), [429]);
  });
});

body('requests past the memory for them are told to come again', async () => {
  await withServer({ limits: { requestBytes: 40_000 } }, async (server) => {
    const lines = Buffer.from(LINES);
    const answer = await postLines(server, lines, 'identity');
    assert.is(answer.status, 429);
    assert.is(answer.headers.get('retry-after'), '1');
    // What was held is free again.
    assert.is((await postLines(server, Buffer.from('m f=1'), 'identity')).status, 204);
  });
});

/** A request whose body stays open. */
function begin(server: DoorServer, start: string): Socket {
  const { hostname, port } = new URL(server.http);
  const socket = connect(Number(port), hostname);
  socket.write(`POST /write HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n${start}`);
  return socket;
}

/** Resolves once the metrics say so. */
async function counted({ registry }: DoorServer, pattern: RegExp): Promise<void> {
  while (!pattern.test(await registry.metrics())) await new Promise(setImmediate);
}

body('a client that goes away mid-body is no bug, and nothing is left of it', async () => {
  await withServer({}, async (server) => {
    const socket = begin(server, 'm f=1\n');
    await counted(server, /bytes_total\{method="influx"\} [1-9]/);
    socket.destroy();
    await counted(server, /failed_batches_total\{method="influx",code="CANCELLED"\} 1/);
    assert.is(server.storage.contents().size, 0);
  });
});

body('a shutdown does not wait for a body that does not come', async () => {
  await withServer({}, async (server) => {
    const socket = begin(server, 'm f=1\n');
    await counted(server, /bytes_total\{method="influx"\} [1-9]/);
    const answered = once(socket, 'data');
    await server.service.drain();
    const [answer] = (await answered) as [Buffer];
    assert.match(String(answer), /^HTTP\/1.1 503 .*retry-after: 2.*shutting down/s);
    socket.destroy();
    const late = await postWrite(server.http, MESSAGE);
    assert.is(late.status, 503);
    assert.is(late.headers.get('retry-after'), '2');
  });
});

body('a shutdown waits for what storage has', async () => {
  let storage: HeldStorage | undefined;
  const wrap: DoorServerOptions['wrap'] = (inner) => {
    storage = holdAppends(inner);
    return storage;
  };
  await withServer({ wrap }, async (server) => {
    const written = postWrite(server.http, MESSAGE);
    await storage?.holds(1);
    let drained = false;
    const draining = server.service.drain().then(() => {
      drained = true;
    });
    await new Promise(setImmediate);
    assert.is(drained, false);
    storage?.held[0]?.succeed();
    await draining;
    assert.is((await written).status, 204);
  });
});

body.run();
