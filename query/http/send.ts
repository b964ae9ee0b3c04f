// How an answer goes out: whole or in pieces as fast as the client reads, compressed when it is
// worth it and the client can take it.

import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { CompressStream } from 'zstd-napi';
import { nextTurn } from '../eval/turns.ts';
import type { Answer } from './handler.ts';

export type Encoding = 'gzip' | 'zstd';

/** Below that, in characters or bytes, compression saves no packet. */
const ENCODED_LENGTH_MIN = 1400;

/** `accepted` is the request's Accept-Encoding. */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  accepted: string | undefined,
): FastifyReply {
  // What is true now is not a second later, and may be for the asker's eyes only.
  reply.header('cache-control', 'no-store');
  const body = bodyOf(answer);
  const isWhole = !(body instanceof Readable);
  if (isWhole && body.length < ENCODED_LENGTH_MIN) return reply.send(body);
  const others = reply.getHeader('vary');
  reply.header('vary', others === undefined ? 'accept-encoding' : `${others}, accept-encoding`);
  const encoding = chooseEncoding(accepted);
  if (encoding === undefined) return reply.send(body);
  const source = isWhole ? Readable.from([body], { objectMode: false }) : body;
  // An error on either side ends the other, and with it the response.
  const encoded = pipeline(source, createEncoder(encoding), () => {});
  return reply.header('content-encoding', encoding).send(encoded);
}

function createEncoder(encoding: Encoding): Transform {
  return encoding === 'gzip'
    ? createGzip({ level: constants.Z_BEST_SPEED })
    : new CompressStream({ compressionLevel: 1 });
}

/** The encoding with the highest weight; of equals gzip, which is made off this thread. */
export function chooseEncoding(accepted = ''): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const entry of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (name: Encoding): number => weights.get(name) ?? weights.get('*') ?? 0;
  const [gzip, zstd] = [weightOf('gzip'), weightOf('zstd')];
  if (gzip === 0 && zstd === 0) return undefined;
  return gzip >= zstd ? 'gzip' : 'zstd';
}

type BodyPiece = string | Uint8Array;

function bodyOf(answer: Answer): BodyPiece | Readable {
  if (typeof answer === 'string') return answer;
  if (Symbol.asyncIterator in answer) return Readable.from(answer, { objectMode: false });
  return streamed(answer);
}

/** One piece is sent as it is, with its length; more go out as fast as the client reads. */
function streamed(pieces: Iterable<BodyPiece>): BodyPiece | Readable {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  const second = iterator.next();
  if (first.done === true) return '';
  if (second.done === true) return first.value;
  const start = [first.value, second.value];
  const rest = { [Symbol.iterator]: () => iterator };
  return Readable.from(inTurns(start, rest), { objectMode: false });
}

/** A client that reads as fast as it is sent to would leave the event loop no turn otherwise. */
async function* inTurns(
  start: Iterable<BodyPiece>,
  rest: Iterable<BodyPiece>,
): AsyncGenerator<BodyPiece> {
  yield* start;
  for (const piece of rest) {
    await nextTurn();
    yield piece;
  }
}
