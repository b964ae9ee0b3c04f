// Errors over HTTP in Prometheus's shape: {"status":"error","errorType":...,"error":...}.

import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodeOf, statusOf } from '../../proto/index.ts';
import type { Logger } from '../logging.ts';
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

/** For bytes that are no HTTP request. Nothing is left to be read of such a connection. */
export function refuseBytes(error: { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'the headers are too large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the request did not come in time']
        : ['400 Bad Request', 'not an HTTP/1.1 request; gRPC has a port of its own'];
  const body = JSON.stringify({ status: 'error', errorType: 'bad_data', error: reason });
  const headers = `content-type: application/json\r\ncontent-length: ${body.length}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\nconnection: close\r\n\r\n${body}`);
}

/** Answers for paths and methods that are not there, and for whatever a route throws. */
export function registerErrors(app: FastifyInstance, log: Logger): void {
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
