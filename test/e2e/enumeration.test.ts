// Whoever shows no token, or none that is known, goes through everything that the server answers:
// its own tables say what that is.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { type ServedHere, serveHere } from '../support/serve-here.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tokenConfig } from '../support/token-config.ts';
import { QUIET } from '../support/varve-process.ts';

const enumeration = suite('e2e/enumeration');

const SHOWN = [undefined, 'Bearer wrong', 'Bearer', 'secret-admin', 'Basic c2VjcmV0'];
/** They tell nothing. */
const OPEN_ROUTES = [
  ...['/', '/-/healthy', '/-/ready'],
  ...['/page/explorer.js', '/page/plot.js', '/page/style.css'],
];
const OPEN_SERVICE = /^\/grpc\.health\.v1\.Health\//;

let served: ServedHere;

enumeration.before(async () => {
  const dir = await tempDir();
  const config = join(dir, 'varve.yaml');
  writeFileSync(config, tokenConfig({ admin: 'can: [write, read, admin]' }));
  served = await serveHere('--config', config, '--data', join(dir, 'data'), ...QUIET);
});

enumeration.after(async () => {
  await served.stop();
});

async function statusOf(method: string, url: string, authorization: string | undefined) {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${served.http}${url.replace(/:\w+/g, 'x')}`, { method, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

enumeration('every route but health and the page is shut', async () => {
  const { routes } = served;
  assert.ok(routes.length > 60, `${routes.length} routes`);
  for (const url of ['/api/v1/write', '/api/v1/query', '/metrics', '/-/reload', '/v1/logs']) {
    assert.ok(
      routes.some((route) => route.url === url),
      url,
    );
  }
  const open = new Set<string>();
  for (const { method, url } of [...routes, { method: 'GET', url: '/nothing/here' }]) {
    for (const authorization of SHOWN) {
      const { status: code, headers, text } = await statusOf(method, url, authorization);
      if (OPEN_ROUTES.includes(url)) {
        assert.is(code, 200, `${method} ${url}`);
        open.add(url);
        continue;
      }
      assert.is(code, 401, `${method} ${url}`);
      assert.match(headers.get('www-authenticate') ?? '', /^Bearer/);
      if (method !== 'HEAD') assert.match(text, /"errorType":"unauthorized"/);
    }
  }
  assert.equal([...open].sort(), OPEN_ROUTES);
});

enumeration('every method but those of health is shut, reflection too', async () => {
  const { methods } = served;
  assert.ok(methods.some((path) => path === '/varve.v1.IngestService/WriteStream'));
  assert.ok(methods.some((path) => path.startsWith('/grpc.reflection.')));
  const client = new Client(served.grpc, credentials.createInsecure());
  try {
    for (const path of methods) {
      for (const authorization of SHOWN) {
        const error = await call(client, path, authorization);
        if (OPEN_SERVICE.test(path)) assert.is.not(error?.code, status.UNAUTHENTICATED, path);
        else assert.is(error?.code, status.UNAUTHENTICATED, path);
      }
    }
  } finally {
    client.close();
  }
});

/** As a client that does not know what kind of method it is; it waits for the first answer. */
function call(client: Client, path: string, authorization: string | undefined) {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  return new Promise<ServiceError | undefined>((resolve) => {
    const stream = client.makeBidiStreamRequest(path, asIs, asIs, metadata);
    stream.once('error', (error: ServiceError) => resolve(error));
    stream.once('data', () => {
      resolve(undefined);
      stream.cancel();
    });
    stream.end(Buffer.alloc(0));
  });
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

enumeration.run();
