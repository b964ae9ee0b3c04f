import { on, once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { Readable } from 'node:stream';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  type Server,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  readLength,
  readTag,
  skipBytes,
  skipField,
  WIRE_LEN,
  wireCursor,
} from '../../../ingest/decode/wire.ts';
import { limitReadAhead, widenWindows } from '../../../ingest/grpc/flow-control.ts';
import { createGrpcServer } from '../../../ingest/index.ts';
import { connect, NOW_MS, startIngestServer } from '../../support/ingest-server.ts';
import { field, framed, toLabels } from '../../support/write-requests.ts';

const grpcServer = suite('ingest/grpc/server');
const MIB = 1024 * 1024;
const PROTOCOL_WINDOW_BYTES = 65_535;

async function openSession(address: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://${address}`);
  await once(session, 'remoteSettings');
  return session;
}

grpcServer('advertises the stream window and the session window it was asked for', async () => {
  const server = await startIngestServer();
  const session = await openSession(server.address);
  assert.is(session.remoteSettings.initialWindowSize, 4 * MIB);
  // The session window comes as a WINDOW_UPDATE behind the settings; a ping comes back after it.
  await new Promise((resolve) => session.ping(resolve));
  assert.is(session.state.remoteWindowSize, 16 * MIB);
  assert.ok(16 * MIB > PROTOCOL_WINDOW_BYTES);
  const closed = once(session, 'close');
  session.destroy();
  await closed;
  await server.close();
});

grpcServer('takes a whole stream window before the handler reads', async () => {
  const server = await startIngestServer({ limits: { streamBatches: 1 } });
  const session = await openSession(server.address);
  await new Promise((resolve) => session.ping(resolve));
  const call = session.request({
    ':method': 'POST',
    ':path': '/varve.v1.IngestService/WriteStream',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  // One message of 3 MiB, cut short: no handler sees it, and all of it must leave the client.
  const message = framed(Buffer.alloc(3 * MIB)).subarray(0, -1);
  await new Promise((resolve) => call.write(message, resolve));
  const closed = once(session, 'close');
  session.destroy();
  await closed;
  await server.close();
});

grpcServer('says what to do when the library has changed inside', () => {
  const stranger = { createHttp2Server: undefined } as unknown as Server;
  const windows = { streamBytes: MIB, sessionBytes: MIB };
  assert.throws(() => widenWindows(stranger, windows), /see http2-server\.ts/);
  const call = new Readable();
  limitReadAhead(call, 1);
  assert.is(call.readableHighWaterMark, 1);
  Object.defineProperty(call, 'readableHighWaterMark', { value: 16 });
  assert.throws(() => limitReadAhead(call, 1), /see flow-control\.ts/);
});

grpcServer('takes messages up to the limit and not one byte more', async () => {
  const server = await startIngestServer({ messageBytes: MIB, limits: { messageBytes: MIB } });
  const client = connect(server.address);
  // An unknown field: one byte of tag, three of length.
  const padded = (size: number) => field(15, Buffer.alloc(size - 4));
  assert.is(padded(MIB).length, MIB);
  assert.is((await client.write(padded(MIB))).accepted, 0n);
  const error: ServiceError = await client.write(padded(MIB + 1)).catch((cause) => cause);
  assert.is(error.code, status.RESOURCE_EXHAUSTED);
  assert.match(error.details, /more than the 1048576 bytes of ingest\.limits\.message/);
  client.close();
  await server.close();
});

grpcServer('health tells every service, before and after it stops serving', async () => {
  const server = await startIngestServer();
  const HealthClient = makeClientConstructor(healthService, 'grpc.health.v1.Health');
  const client = new HealthClient(server.address, credentials.createInsecure());
  const check = (service: string) =>
    new Promise((resolve) => {
      client['check']?.({ service }, (error: ServiceError | null, answer: { status: string }) =>
        resolve(error === null ? answer.status : error.code),
      );
    });
  assert.is(await check(''), 'SERVING');
  assert.is(await check('varve.v1.IngestService'), 'SERVING');
  assert.is(await check('no.such.Service'), status.NOT_FOUND);
  server.server.setServing(false);
  assert.is(await check(''), 'NOT_SERVING');
  assert.is(await check('varve.v1.IngestService'), 'NOT_SERVING');
  client.close();
  await server.close();
});

grpcServer('whoever watches health hears when it stops serving', async () => {
  const server = await startIngestServer();
  server.server.setServing(false);
  const HealthClient = makeClientConstructor(healthService, 'grpc.health.v1.Health');
  const client = new HealthClient(server.address, credentials.createInsecure());
  const call = client['watch']?.({ service: '' }) as ClientReadableStream<{ status: string }>;
  const answers = on(call, 'data');
  for (const serving of [false, true, false]) {
    server.server.setServing(serving);
    const { value } = (await answers.next()) as { value: [{ status: string }] };
    assert.is(value[0].status, serving ? 'SERVING' : 'NOT_SERVING');
  }
  call.on('error', () => {});
  call.cancel();
  client.close();
  await server.close();
});

/** grpc.reflection.v1 by hand: its messages travel as bytes. */
const ReflectionClient = makeClientConstructor(
  {
    ServerReflectionInfo: {
      path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      requestStream: true,
      responseStream: true,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  },
  'grpc.reflection.v1.ServerReflection',
);

/** The contents of the length-delimited fields with this number. */
function contents(bytes: Buffer, number: number): Buffer[] {
  const cursor = wireCursor(bytes);
  const found: Buffer[] = [];
  for (let tag = readTag(cursor); tag !== 0; tag = readTag(cursor)) {
    if (tag !== number * 8 + WIRE_LEN) {
      skipField(cursor, tag);
      continue;
    }
    const start = skipBytes(cursor, readLength(cursor));
    found.push(bytes.subarray(start, cursor.offset));
  }
  return found;
}

grpcServer('reflection lists the services and describes their files', async () => {
  const server = await startIngestServer();
  const client = new ReflectionClient(server.address, credentials.createInsecure());
  const call = client['ServerReflectionInfo']?.() as ClientDuplexStream<Buffer, Buffer>;
  const ask = async (question: Buffer) => {
    call.write(question);
    return ((await once(call, 'data')) as [Buffer])[0];
  };
  const listed = await ask(field(7, Buffer.alloc(0)));
  const services = contents(contents(listed, 6)[0]!, 1);
  assert.equal(services.map((service) => contents(service, 1)[0]!.toString()).sort(), [
    'opentelemetry.proto.collector.metrics.v1.MetricsService',
    'varve.v1.IngestService',
  ]);
  const described = await ask(field(4, Buffer.from('varve.v1.IngestService')));
  const files = contents(contents(described, 4)[0]!, 1);
  const file = fromBinary(FileDescriptorProtoSchema, files[0]!);
  assert.is(file.name, 'varve/v1/ingest.proto');
  assert.equal(
    file.service[0]?.method.map(({ name }) => name),
    ['Write', 'WriteStream'],
  );
  const over = once(call, 'status');
  call.end();
  await over;
  client.close();
  await server.close();
});

grpcServer('an address in use is an error that says so', async () => {
  const first = createGrpcServer();
  const port = await first.listen('127.0.0.1:0');
  const second = createGrpcServer();
  const error = await second.listen(`127.0.0.1:${port}`).catch((cause) => cause);
  assert.match(error.message, /EADDRINUSE/);
  await first.close(0);
});

grpcServer('closing cuts off the calls that outlive its grace', async () => {
  const server = await startIngestServer();
  const client = connect(server.address);
  const call = client.writeStream();
  call.send({
    series: [{ labels: toLabels({ a: 'b' }), timestampsMs: [BigInt(NOW_MS)], values: [1] }],
  });
  await call.ack();
  await server.server.close(0);
  assert.is((await call.ended())?.code, status.CANCELLED);
  client.close();
});

// Seen with grpc's C library, which looks at an idle connection every 5 s, and with clients that
// were suspended: the server waited for their half of the goodbye, in the end for ever.
grpcServer('closing waits for no client that keeps its half of the connection', async () => {
  const server = await startIngestServer();
  const socket = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'data');
  const over = once(socket, 'close');
  socket.on('error', () => {});
  await server.server.close(60_000);
  socket.end();
  await over;
});

grpcServer.run();
