// Bodies that no sender would send, at every OTLP door: each is refused or stored, none is a fault
// of ours, and a bystander's point is there at the end. RUNS=20000 for a long one.

import { gzipSync } from 'node:zlib';
import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ExportMetricsServiceRequestSchema } from '../../proto/index.ts';
import { anyMessage } from '../support/any-message.ts';
import { startDoorServer } from '../support/door-server.ts';
import { NOW_MS, startIngestServer } from '../support/ingest-server.ts';
import { connectMetrics, encodeMetrics, nanos, requestOf } from '../support/otlp.ts';
import { property } from '../support/seed.ts';

const fuzz = suite('fuzz/otlp');

const RUNS = Number(process.env['RUNS'] ?? 150);
const message = anyMessage(ExportMetricsServiceRequestSchema);

/** Now and then sound, mostly damaged, cut short, or nothing like it. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([bytes, hits, length]) => {
      for (const [at, byte] of hits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, hits.length % 2 === 0 ? bytes.length : length % (bytes.length + 1));
    }),
);

const jsonBody = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.string({ maxLength: 100 }),
  fc.constant('['.repeat(100_000)),
  fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 2 }))
    .map(([bytes, hits]) => {
      let text = toJsonString(
        ExportMetricsServiceRequestSchema,
        fromBinary(ExportMetricsServiceRequestSchema, bytes),
      );
      for (const [at, insert] of hits) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + insert + text.slice(place + 1);
      }
      return text;
    }),
);

fuzz('over gRPC nothing is our fault', async () => {
  const server = await startIngestServer();
  const client = connectMetrics(server.address);
  const codes = new Set<number>();
  try {
    const check = async (bytes: Buffer) => {
      const code = await client.export(bytes).then(
        () => status.OK,
        (error: ServiceError) => error.code,
      );
      assert.ok([status.OK, status.INVALID_ARGUMENT].includes(code), `status ${code}`);
      codes.add(code);
    };
    await fc.assert(fc.asyncProperty(body, check), property(RUNS));
    assert.is(codes.size, 2);
    const value = { case: 'asDouble', value: 1 } as const;
    const dataPoints = [{ timeUnixNano: nanos(NOW_MS), value }];
    const bystander = {
      name: 'bystander',
      data: { case: 'gauge', value: { dataPoints } },
    } as const;
    assert.is(
      (await client.export(encodeMetrics(requestOf([bystander])))).partialSuccess,
      undefined,
    );
    assert.equal(server.bugs, []);
  } finally {
    client.close();
    await server.close();
  }
});

fuzz('over HTTP nothing is our fault', async () => {
  const server = await startDoorServer();
  const statuses = new Set<number>();
  const send = async (content: string | Uint8Array, headers: Record<string, string>) => {
    const answer = await fetch(`${server.http}/v1/metrics`, {
      method: 'POST',
      body: content,
      headers,
    });
    const text = await answer.text();
    assert.ok([200, 400].includes(answer.status), `${answer.status}: ${text}`);
    statuses.add(answer.status);
  };
  try {
    const sent = fc.oneof(
      body.map((bytes) => [bytes, { 'content-type': 'application/x-protobuf' }] as const),
      fc.tuple(body, fc.boolean()).map(([bytes, isGzip]) => {
        const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
        return [isGzip ? gzipSync(bytes) : bytes, headers] as const;
      }),
      jsonBody.map((text) => [text, { 'content-type': 'application/json' }] as const),
    );
    await fc.assert(
      fc.asyncProperty(sent, ([content, headers]) => send(content, headers)),
      property(RUNS),
    );
    assert.is(statuses.size, 2);
    assert.equal(server.bugs, []);
  } finally {
    await server.close();
  }
});

fuzz.run();
