// A process that holds connections which are of no use, half of them HTTP and half gRPC: idle ones
// that say nothing, and slow ones, which send a body a byte at a time or open a stream and leave it
// at that. One that the server closes is opened again. It ends with its driver.

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';

/** Between two bytes of a slow body. */
const BYTE_EVERY_MS = 200;
/** Opened at a time: a burst of all would be refused by the kernel, not by the server. */
const AT_ONCE = 100;
const STREAM = {
  ':method': 'POST',
  ':path': '/varve.v1.IngestService/WriteStream',
  'content-type': 'application/grpc',
  te: 'trailers',
};
const SLOW_REQUEST = [
  'POST /api/v1/import HTTP/1.1',
  ...['host: localhost', 'content-length: 10000000', '', ''],
].join('\r\n');

export interface CrowdJob {
  /** HOST:PORT */
  readonly grpc: string;
  readonly http: string;
  /** Of each kind; half of either over HTTP. */
  readonly idle: number;
  readonly slow: number;
}

export type CrowdOrder = { readonly kind: 'open'; readonly job: CrowdJob } | { kind: 'close' };
export interface CrowdNews {
  /** Connections that are open. */
  readonly open: number;
  /** Times that the server closed one. */
  readonly shed: number;
}

interface Connection {
  /** Resolves once the server has taken it. */
  readonly opened: Promise<void>;
  onClose(listener: () => void): void;
  close(): void;
}

const open = new Set<Connection>();
let shed = 0;

process.on('disconnect', () => process.exit(1));
process.on('message', (order: CrowdOrder) => {
  void (order.kind === 'open' ? openAll(order.job) : closeAll()).then(() => {
    process.send!({ open: open.size, shed } satisfies CrowdNews);
  });
});

async function openAll({ grpc, http, idle, slow }: CrowdJob): Promise<void> {
  const kinds = [
    { count: idle / 2, make: () => overHttp(http, '') },
    { count: idle / 2, make: () => overGrpc(grpc, () => {}) },
    { count: slow / 2, make: () => overHttp(http, SLOW_REQUEST) },
    { count: slow / 2, make: () => overGrpc(grpc, openStream) },
  ];
  for (const { count, make } of kinds) {
    for (let left = count; left > 0; left -= AT_ONCE) {
      const some = Array.from({ length: Math.min(left, AT_ONCE) }, () => keep(make));
      await Promise.all(some.map(({ opened }) => opened));
    }
  }
}

function keep(make: () => Connection): Connection {
  const connection = make();
  open.add(connection);
  connection.onClose(() => {
    if (!open.delete(connection)) return;
    shed++;
    keep(make);
  });
  return connection;
}

async function closeAll(): Promise<void> {
  const closing = [...open].map((connection) => {
    return new Promise<void>((resolve) => {
      open.delete(connection);
      connection.onClose(resolve);
      connection.close();
    });
  });
  await Promise.all(closing);
}

function overHttp(address: string, request: string): Connection {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {}).resume();
  if (request !== '') dribble(socket.setNoDelay(), request);
  return {
    opened: new Promise((resolve) => socket.once('connect', () => resolve())),
    onClose: (listener) => socket.once('close', listener),
    close: () => socket.destroy(),
  };
}

function dribble(socket: Socket, request: string): void {
  socket.write(request);
  const timer = setInterval(() => socket.write('\n'), BYTE_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
}

function overGrpc(address: string, use: (session: ClientHttp2Session) => void): Connection {
  const session = connectHttp2(`http://${address}`);
  session.on('error', () => {});
  use(session);
  return {
    opened: new Promise((resolve) => session.once('remoteSettings', () => resolve())),
    onClose: (listener) => session.once('close', listener),
    close: () => session.destroy(),
  };
}

function openStream(session: ClientHttp2Session): void {
  session.request(STREAM).on('error', () => {});
}
