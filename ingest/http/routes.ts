// The HTTP doors as routes.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodeOf, statusOf } from '../../proto/index.ts';
import { createDoor, type Door, type DoorContext, type DoorRequest } from '../door.ts';
import { IngestError } from '../errors.ts';
import { createTurns, type Turns } from '../turns.ts';
import { type BodyRules, type Chunks, contentCoding, openBody, readAll, tooLarge } from './body.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, Refusal } from './http-door.ts';
import { HTTP_DOORS } from './http-doors.ts';
import { registerInfluxQuestions } from './influx.ts';
import { letGo } from './let-go.ts';
import { type BlockMemory, type LineLimit, lineBlocks } from './line-blocks.ts';
import { uncompressBlock } from './snappy.ts';

/** What a sender is told to wait when the error does not say, ms. */
const RETRY_MS = 1000;
const SLICE_BYTES = 64 * 1024;

/**
 * Adds the routes in scopes of their own: how they read bodies concerns nobody else. `others` are
 * doors beside those of the table, which remember something from request to request.
 */
export function registerRoutes(
  app: FastifyInstance,
  context: DoorContext,
  others: readonly HttpDoor[],
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The doors read bodies themselves, as they arrive.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const byName = new Map<string, Door>();
    for (const httpDoor of [...HTTP_DOORS, ...others]) {
      const door = byName.get(httpDoor.name) ?? createDoor(httpDoor.name, context);
      byName.set(httpDoor.name, door);
      const turns = () => createTurns(context.monotonicMs);
      scope.post(httpDoor.url, (request, reply) => {
        return respond(door, { ...httpDoor, turns }, request, reply);
      });
    }
  });
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
    registerInfluxQuestions(scope);
  });
}

/** A door with what its requests take turns by. */
type TurningDoor = HttpDoor & { readonly turns: () => Turns };

async function respond(
  door: Door,
  httpDoor: TurningDoor,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    const answer = await door.run(request.headers.authorization, async (doorRequest) => {
      checkContentType(httpDoor, request.headers['content-type']);
      return httpDoor.handle(toHttpRequest(httpDoor, request, doorRequest));
    });
    return send(reply, answer);
  } catch (error) {
    const refusal = toRefusal(error);
    if (statusOf(refusal.code).retry) reply.header('retry-after', retrySeconds(error));
    return send(reply, { status: refusal.status, ...httpDoor.refuse(refusal, request) });
  }
}

function send(reply: FastifyReply, { status, headers = {}, body }: HttpAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function checkContentType({ url, contentTypes }: HttpDoor, header: string | undefined): void {
  if (header === undefined) return;
  const mediaType = header.split(';', 1)[0]!.trim().toLowerCase();
  if (contentTypes === undefined || contentTypes.includes(mediaType)) return;
  const message = `${url} takes ${contentTypes.join(' and ')}, not ${JSON.stringify(mediaType)}`;
  throw new IngestError('UNSUPPORTED_MEDIA_TYPE', message);
}

function toHttpRequest(
  { defaultCoding, turns }: TurningDoor,
  { raw, headers }: FastifyRequest,
  request: DoorRequest,
): HttpRequest {
  const { limits, draining, received, hold, release } = request;
  const sizeMax = limits.messageBytes;
  const query = raw.url?.split('?', 2)[1] ?? '';
  const declaredBytes = Number(headers['content-length'] ?? Number.NaN);
  const coding = () => contentCoding(headers['content-encoding'] ?? defaultCoding);
  const open = (rules: Pick<BodyRules, 'coding' | 'sizeMax'>) =>
    openBody(raw, { ...rules, declaredBytes, signal: draining, received });

  async function readMessage(): Promise<Buffer> {
    const rules = { coding: coding(), sizeMax };
    // A declared size is believed when it is too large, never when it is small.
    if (declaredBytes > sizeMax) throw tooLarge('the body', sizeMax);
    const body = await readAll(open(rules), sizeMax, hold);
    if (rules.coding !== 'snappy') return body;
    const message = uncompressBlock(body, sizeMax, hold);
    letGo(body);
    return message;
  }

  async function openLines(): Promise<Chunks> {
    const rules = { coding: coding(), sizeMax: Number.POSITIVE_INFINITY };
    return rules.coding === 'snappy' ? slices(await readMessage()) : open(rules);
  }

  function readLines(lineBytesMax = Number.POSITIVE_INFINITY): Chunks {
    const limit = { bytesMax: Math.min(lineBytesMax, sizeMax), isFixed: lineBytesMax < sizeMax };
    return inTurns(openLines, limit, { hold, release }, turns());
  }

  return Object.assign(request, {
    headers,
    parameters: new URLSearchParams(query),
    readMessage,
    readLines,
  });
}

/**
 * Blocks of lines, with a turn for others now and then. Out here, because a generator function that
 * is made for one request keeps it until the next full collection: see CONTRIBUTING.md.
 */
async function* inTurns(
  open: () => Promise<Chunks>,
  limit: LineLimit,
  memory: BlockMemory,
  turn: Turns,
): AsyncGenerator<Buffer> {
  for await (const block of lineBlocks(await open(), limit, memory)) {
    yield block;
    const next = turn();
    if (next !== undefined) await next;
  }
}

/** What is in memory, as if it arrived. */
async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    yield bytes.subarray(at, at + SLICE_BYTES);
  }
}

/** An error without a code of ours is a bug: the client learns that, and nothing of its insides. */
function toRefusal(error: unknown): Refusal {
  const code = errorCodeOf(error);
  const message = code === 'INTERNAL' ? 'internal error' : (error as Error).message;
  return { code, status: statusOf(code).http, message };
}

/** Whole seconds, as the header has them. */
function retrySeconds(error: unknown): number {
  const delayMs = error instanceof IngestError ? error.retryDelayMs : undefined;
  return Math.ceil((delayMs ?? RETRY_MS) / 1000);
}
