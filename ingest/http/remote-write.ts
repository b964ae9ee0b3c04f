// POST /api/v1/write: Prometheus remote write 1.0 and 2.0. A sample that cannot be stored never
// costs its neighbours; the sender hears of it with a status that is not tried again.

import { readInTurns } from '../decode/entries.ts';
import { requestV2Reader } from '../decode/prometheus/request-v2.ts';
import { readMetadata, writeRequestReader } from '../decode/prometheus/write-request.ts';
import { IngestError } from '../errors.ts';
import type { WriteOutcome } from '../point-writer.ts';
import { rejectionText } from '../responses.ts';
import { type HttpAnswer, type HttpDoor, type HttpRequest, refuseInText } from './http-door.ts';
import { letGo } from './let-go.ts';

const URL = '/api/v1/write';
const MEDIA_TYPE = 'application/x-protobuf';

type Version = 1 | 2;

const MESSAGES: Readonly<Record<string, Version>> = {
  'prometheus.WriteRequest': 1,
  'io.prometheus.write.v2.Request': 2,
};

export const REMOTE_WRITE: HttpDoor = {
  url: URL,
  name: 'remote_write',
  contentTypes: [MEDIA_TYPE],
  // Some senders do not say what both versions ask for.
  defaultCoding: 'snappy',
  handle: (request) =>
    versionOf(request.headers['content-type']) === 1 ? writeV1(request) : writeV2(request),
  refuse: refuseInText,
};

/** By the parameter `proto`; without it, it is 1.0. */
function versionOf(contentType = ''): Version {
  const [, name] = /;\s*proto\s*=\s*"?([^;"\s]*)"?/i.exec(contentType) ?? [];
  if (name === undefined) return 1;
  if (Object.hasOwn(MESSAGES, name)) return MESSAGES[name]!;
  const known = Object.keys(MESSAGES).join(' and ');
  const message = `${URL} takes the messages ${known}, not ${JSON.stringify(name)}`;
  throw new IngestError('UNSUPPORTED_MEDIA_TYPE', message);
}

async function writeV1(request: HttpRequest): Promise<HttpAnswer> {
  const { limits, metadata } = request;
  const body = await request.readMessage();
  const batch = request.createBatch();
  const series = writeRequestReader(body, batch, limits);
  await readInTurns(series);
  if (!series.isPlain()) readMetadata(body, metadata, limits);
  letGo(body);
  const { rejections } = await request.write(batch);
  // As Prometheus itself: an exemplar that is not kept is no reason to give up on samples.
  const isComplete = rejections.total() === rejections.count('exemplar');
  return isComplete ? { status: 204 } : partial(request);
}

async function writeV2(request: HttpRequest): Promise<HttpAnswer> {
  const { limits, metadata } = request;
  const body = await request.readMessage();
  const batch = request.createBatch();
  await readInTurns(requestV2Reader(body, batch, metadata, limits));
  letGo(body);
  const outcome = await request.write(batch);
  const headers = writtenHeaders(outcome);
  if (outcome.rejections.total() === 0) return { status: 204, headers };
  const answer = partial(request);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function partial({ total, limits }: HttpRequest): HttpAnswer {
  const message = rejectionText(total, limits);
  return { status: 400, ...refuseInText({ code: 'INVALID_ARGUMENT', status: 400, message }) };
}

/** Without them a sender of 2.0 takes the receiver for one of 1.0 that understood nothing. */
function writtenHeaders({ accepted }: WriteOutcome): Record<string, string> {
  return {
    'x-prometheus-remote-write-samples-written': String(accepted),
    'x-prometheus-remote-write-histograms-written': '0',
    'x-prometheus-remote-write-exemplars-written': '0',
  };
}
