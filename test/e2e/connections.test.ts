// Connections that are of no use are let go, while a neighbour is served.

import type { EventEmitter } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { QUIET, serveVarve, type VarveProcess } from '../support/varve-process.ts';

const connections = suite('e2e/connections');

const SHORT = ['http.header_timeout', 'http.idle_timeout', 'grpc.idle_timeout'];
/** Long enough for whoever sends steadily to be held up for a while. */
const BODY_TIMEOUT_MS = 1000;

let varve: VarveProcess;

connections.before(async () => {
  const settings = SHORT.flatMap((key) => ['--set', `${key}=300ms`]);
  const bodies = ['--set', `http.body_timeout=${BODY_TIMEOUT_MS}ms`];
  varve = await serveVarve(...QUIET, ...settings, ...bodies);
});

connections.after(async () => {
  await varve.stop();
});

function open(bytes: string): Socket {
  const { hostname, port } = new URL(varve.http);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.resume();
  socket.write(bytes);
  return socket;
}

/** On a connection of its own. */
function post(body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const url = `${varve.http}/api/v1/import`;
    const posted = request(url, { method: 'POST', agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    posted.once('error', reject).end(body);
  });
}

/** Whether by a reset or in peace. */
function closed(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.once('close', () => resolve()));
}

/** Sends a byte now and then until the connection is closed by the other side. */
async function dripped(socket: Socket, byte: string): Promise<void> {
  const timer = setInterval(() => socket.write(byte), 20);
  await closed(socket);
  clearInterval(timer);
}

const HEAD = 'POST /api/v1/import HTTP/1.1\r\nhost: localhost\r\n';
const QUESTION = 'GET /-/healthy HTTP/1.1\r\nhost: localhost\r\n\r\n';

connections('silent and slow ones are closed, and a neighbour writes on', async () => {
  const shed = Promise.all([
    closed(open('')),
    closed(open(QUESTION)),
    closed(open(`${HEAD}content-length: 10\r\n\r\n`)),
    dripped(open('GET /-/healthy HT'), 'x'),
    dripped(open(HEAD), 'x'),
    dripped(open(`${HEAD}content-length: 1000000\r\n\r\n`), ' '),
    dripped(open(`${HEAD}transfer-encoding: chunked\r\n\r\n`), '1\r\n \r\n'),
  ]);
  let isOver = false;
  void shed.then(() => {
    isOver = true;
  });
  let writes = 0;
  while (!isOver) {
    const line = JSON.stringify({
      metric: { __name__: 'm' },
      values: [1],
      timestamps: [Date.now()],
    });
    assert.is(await post(line), 200);
    writes++;
  }
  assert.ok(writes > 0);
});

/** Sends a point and then, every 20 ms, a piece of a long one; resolves with what is answered. */
function steadily(piece: Buffer, pieces: number): Promise<string> {
  const { hostname, port } = new URL(varve.http);
  const socket = connect(Number(port), hostname);
  const line = `{"metric":{"__name__":"m"},"values":[1],"timestamps":[${Date.now()}]}\n`;
  const size = line.length + piece.length * pieces;
  socket.write(`${HEAD}content-length: ${size}\r\nconnection: close\r\n\r\n${line}`);
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(piece);
    if (++sent === pieces) clearInterval(timer);
  }, 20);
  return text(socket).finally(() => clearInterval(timer));
}

connections('a body may be slow, if it is not slower than the least rate', async () => {
  const pieces = (2 * BODY_TIMEOUT_MS) / 20;
  const [served, shed] = await Promise.all([
    steadily(Buffer.alloc(400, '\n'), pieces),
    steadily(Buffer.alloc(2, '\n'), 10 * pieces),
  ]);
  assert.match(served, /^HTTP\/1\.1 200 .*"accepted":1/s);
  assert.match(shed, /^HTTP\/1\.1 408 /);
  assert.match(shed, /"errorType":"timeout","error":"the body came slower than 1024 bytes/);
  const metrics = await (await fetch(`${varve.http}/metrics`)).text();
  assert.match(metrics, /varve_refused_requests_total\{port="http",reason="slow_body"\} [1-9]/);
});

connections('an idle gRPC connection is closed', async () => {
  const session = connectHttp2(`http://${varve.grpc}`);
  session.on('error', () => {});
  await closed(session);
});

connections.run();
