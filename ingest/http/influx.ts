// InfluxDB line protocol, at the paths of both versions of its API, and what clients ask beside it.
// Lines that can be read are stored, whatever becomes of their neighbours.

import type { FastifyInstance } from 'fastify';
import type { ErrorCode } from '../../proto/index.ts';
import { createLineReader } from '../decode/influx/lines.ts';
import { PRECISIONS, type Precision } from '../decode/influx/numbers.ts';
import { IngestError } from '../errors.ts';
import { ROW_BYTES_MAX } from '../limits.ts';
import { rejectionText } from '../responses.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, Refusal } from './http-door.ts';

/** Points that are stored together: a long body is as many batches as it takes. */
const BATCH_POINTS = 65_536;

/** The version whose write API this is; clients look at it before they write. */
const API_VERSION = { 'x-influxdb-version': '1.8.0', 'x-influxdb-build': 'OSS' };

const JSON_TYPE = { 'content-type': 'application/json' };

export const INFLUX_V1: HttpDoor = {
  url: '/write',
  name: 'influx',
  handle: (request) => writeLines(request, 'db', refuseV1),
  refuse: refuseV1,
};

export const INFLUX_V2: HttpDoor = {
  url: '/api/v2/write',
  name: 'influx',
  handle: (request) => writeLines(request, 'bucket', refuseV2),
  refuse: refuseV2,
};

async function writeLines(
  request: HttpRequest,
  databaseParameter: string,
  refuse: HttpDoor['refuse'],
): Promise<HttpAnswer> {
  const { parameters, arrivedAtMs, limits } = request;
  const database = parameters.get(databaseParameter) ?? '';
  const reader = createLineReader({
    precision: precisionOf(parameters.get('precision') ?? ''),
    nowMs: arrivedAtMs,
    database,
  });
  let batch = request.createBatch(database);
  for await (const block of request.readLines(ROW_BYTES_MAX)) {
    reader.read(block, batch);
    if (batch.size() < BATCH_POINTS) continue;
    await request.write(batch);
    batch = request.createBatch(database);
  }
  await request.write(batch);

  const { rejections } = request.total;
  // A string has nowhere to go in any line: no reason to have a sender look for its mistake.
  if (rejections.total() === rejections.count('not_a_number')) return { status: 204 };
  const bad = reader.firstBad();
  const place = bad === undefined ? '' : `line ${bad.number}: ${bad.reason}; `;
  const message = `partial write: ${place}${rejectionText(request.total, limits)}`;
  return { status: 400, ...refuse({ code: 'INVALID_ARGUMENT', status: 400, message }, request) };
}

function precisionOf(name: string): Precision {
  if (Object.hasOwn(PRECISIONS, name)) return PRECISIONS[name]!;
  const message = `precision ${JSON.stringify(name)} is not known; use ns, us, ms, s, m or h`;
  throw new IngestError('INVALID_ARGUMENT', message);
}

function refuseV1({ message }: Refusal): Omit<HttpAnswer, 'status'> {
  return { headers: JSON_TYPE, body: JSON.stringify({ error: message }) };
}

/** Codes of errors in the API of version 2, by ours; the others are `internal error`. */
const V2_CODES: Partial<Record<ErrorCode, string>> = {
  INVALID_ARGUMENT: 'invalid',
  RESOURCE_EXHAUSTED: 'too many requests',
  TOO_LARGE: 'request too large',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported media type',
  UNAVAILABLE: 'unavailable',
  CLOSED: 'unavailable',
};

function refuseV2({ code, message }: Refusal): Omit<HttpAnswer, 'status'> {
  const body = JSON.stringify({ code: V2_CODES[code] ?? 'internal error', message });
  return { headers: JSON_TYPE, body };
}

/** What clients ask before they write: whether somebody is there, and for their database. */
export function registerInfluxQuestions(scope: FastifyInstance): void {
  scope.get('/ping', (_request, reply) => reply.code(204).headers(API_VERSION).send());
  scope.get('/health', (_request, reply) =>
    reply.headers({ ...API_VERSION, ...JSON_TYPE }).send(
      JSON.stringify({
        name: 'influxdb',
        message: 'ready for writes',
        status: 'pass',
        checks: [],
      }),
    ),
  );
  scope.route<{ Querystring: { q?: string | string[] }; Body: string | undefined }>({
    method: ['GET', 'POST'],
    url: '/query',
    handler(request, reply) {
      const form = new URLSearchParams(request.body ?? '');
      const { status, body } = answerQuery([request.query.q].flat()[0] ?? form.get('q') ?? '');
      return reply
        .code(status)
        .headers({ ...API_VERSION, ...JSON_TYPE })
        .send(body);
    },
  });
}

/** Databases need not be made; every name is one. Points are asked for in PromQL. */
function answerQuery(q: string): { readonly status: number; readonly body: string } {
  if (/^\s*create\s+database\b/i.test(q)) {
    return { status: 200, body: JSON.stringify({ results: [{ statement_id: 0 }] }) };
  }
  const message = `InfluxQL is not spoken here, but for CREATE DATABASE: ask /api/v1/query`;
  return { status: 400, body: JSON.stringify({ error: message }) };
}
