import { fstatSync } from 'node:fs';
import fastify from 'fastify';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerErrors } from '../../../deploy/http/errors.ts';
import { createLogger } from '../../../deploy/logging.ts';

const errors = suite('deploy/http/errors');

// A flush that met a full disk was answered as a fault of the server, with 500.
errors('what the system refuses is 503, with its reason and a time to wait', async () => {
  const app = fastify();
  const refusals = { count: () => {} };
  registerErrors(app, { log: createLogger({ write: () => true }), refusals });
  app.get('/broken', () => fstatSync(2 ** 31 - 1));
  const reply = await app.inject('/broken');
  assert.is(reply.statusCode, 503);
  assert.is(reply.headers['retry-after'], '1');
  const { errorType, error } = reply.json();
  assert.is(errorType, 'unavailable');
  assert.match(error, /EBADF/);
  await app.close();
});

errors.run();
