// Access to the HTTP port: judged before the body is read.

import type { FastifyInstance } from 'fastify';
import { sendError } from '../http/errors.ts';
import { isPage } from '../http/page.ts';
import { httpRefusal, type Refusals } from '../refusals.ts';
import { isTenant, judge } from './access.ts';
import { isForWhole, needOfHttp } from './rights.ts';
import type { Tokens } from './tokens.ts';

/** `tokens` is asked for each request: a reload replaces them. */
export function registerAccess(
  app: FastifyInstance,
  tokens: () => Tokens,
  refusals: Refusals,
): void {
  app.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const need = needOfHttp(path, isPage);
    const verdict = judge(tokens(), request.headers.authorization, need);
    switch (verdict.kind) {
      case 'allowed': {
        const { token } = verdict;
        if (!isTenant(token) || !isForWhole(path)) return;
        refusals.count(httpRefusal(request, 'not_its_own'));
        const message = `${path} is about all series, and the token ${token.name} sees some only`;
        return sendError(reply, 403, 'forbidden', message);
      }
      case 'unknown':
        refusals.count(httpRefusal(request, verdict.reason));
        reply.header('www-authenticate', 'Bearer realm="varve"');
        return sendError(reply, 401, 'unauthorized', verdict.message);
      case 'forbidden':
        refusals.count(httpRefusal(request, verdict.reason));
        return sendError(reply, 403, 'forbidden', verdict.message);
    }
  });
}
