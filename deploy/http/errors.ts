// Errors over HTTP in Prometheus's shape: {"status":"error","errorType":...,"error":...}.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodeOf, statusOf } from '../../proto/index.ts';
import type { Logger } from '../logging.ts';
import { httpRefusal, type RefusalReason, type Refusals } from '../refusals.ts';
import { isSystemError, systemReason } from '../user-error.ts';

/** What a client should wait before it tries again, s. */
const RETRY_AFTER_SECONDS = 1;

export function sendError(
  reply: FastifyReply,
  status: number,
  errorType: string,
  error: string,
): FastifyReply {
  if (status === 429 || status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  return reply.code(status).send({ status: 'error', errorType, error });
}

/** For requests that no route is looked up for, such as a path that is not UTF-8. */
export function refuseRequest(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendError(reply, 400, 'bad_data', error.message);
}

/** What is said of bytes that make no request, by the code of the parser's error. */
const BAD_BYTES: Readonly<Record<string, readonly [RefusalReason, status: string, text: string]>> =
  {
    HPE_HEADER_OVERFLOW: [
      'large_headers',
      '431 Request Header Fields Too Large',
      'the headers are too large',
    ],
    ERR_HTTP_REQUEST_TIMEOUT: [
      'slow_headers',
      '408 Request Timeout',
      'the request did not come in time',
    ],
  };
const NOT_HTTP = [
  'not_http',
  '400 Bad Request',
  'not an HTTP/1.1 request; gRPC has a port of its own',
] as const;

/** For bytes that are no HTTP request. Nothing is left to be read of such a connection. */
export function refuseBytes(
  { code = '' }: { readonly code?: string },
  socket: Socket,
  refusals: Refusals,
): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [reason, status, text] = Object.hasOwn(BAD_BYTES, code) ? BAD_BYTES[code]! : NOT_HTTP;
  refusals.count({ port: 'http', reason });
  const body = JSON.stringify({ status: 'error', errorType: 'bad_data', error: text });
  const headers = `content-type: application/json\r\ncontent-length: ${body.length}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\nconnection: close\r\n\r\n${body}`);
}

/** For a body that comes too slowly: its connection ends, after an answer if that is still open. */
export function refuseSlowBody(response: ServerResponse, text: string): void {
  const { socket } = response;
  if (response.headersSent || socket === null) {
    response.req.socket.destroy();
    return;
  }
  const body = JSON.stringify({ status: 'error', errorType: 'timeout', error: text });
  const headers = { 'content-type': 'application/json', connection: 'close' };
  response.writeHead(408, headers).end(body);
}

/** Answers for paths and methods that are not there, and for whatever a route throws. */
export function registerErrors(
  app: FastifyInstance,
  { log, refusals }: { readonly log: Logger; readonly refusals: Refusals },
): void {
  const methodsByPath: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`,
    );
    for (const one of [method].flat()) methodsByPath.push({ pattern, method: one });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods = methodsByPath.filter(({ pattern }) => pattern.test(path));
    if (methods.length === 0) {
      return sendError(reply, 404, 'not_found', `there is nothing at ${path}`);
    }
    const allowed = [...new Set(methods.map(({ method }) => method))].join(', ');
    reply.header('allow', allowed);
    return sendError(reply, 405, 'bad_data', `${path} takes ${allowed}, not ${request.method}`);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) {
      if (error.statusCode === 413) refusals.count(httpRefusal(request, 'too_large'));
      return sendError(reply, error.statusCode, 'bad_data', error.message);
    }
    const code = errorCodeOf(error);
    if (code !== 'INTERNAL') {
      const { http } = statusOf(code);
      return sendError(reply, http, code.toLowerCase(), error.message);
    }
    // A disk that is full or failing, met by work that a request asked for.
    if (isSystemError(error)) {
      log.error({ err: error, method: request.method, path: request.url }, 'request failed');
      return sendError(reply, 503, 'unavailable', systemReason(error));
    }
    log.error({ err: error, method: request.method, path: request.url }, 'request failed');
    return sendError(reply, 500, 'internal', 'a fault of the server; its log says more');
  });
}
