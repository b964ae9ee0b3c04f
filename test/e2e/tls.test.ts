// TLS on both ports of the program, with certificates of clients, and new ones while it runs.

import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { generate } from 'selfsigned';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { rejection } from '../support/rejection.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runVarve, serveVarve, type VarveProcess } from '../support/varve-process.ts';

const tls = suite('e2e/tls');

interface Certificate {
  readonly cert: string;
  readonly private: string;
}

function selfSigned(commonName: string): Promise<Certificate> {
  return generate([{ name: 'commonName', value: commonName }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
}

/** The body of a GET. */
function get(url: string, options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    call.on('error', reject).end();
  });
}

function httpsOf({ http }: VarveProcess, path: string): string {
  return http.replace(/^http:/, 'https:') + path;
}

const POINT = {
  series: [
    { labels: [{ name: '__name__', value: 'a' }], timestampsMs: [BigInt(Date.now())], values: [1] },
  ],
};

tls('both ports speak TLS, and take new certificates on a reload', async () => {
  const [first, second] = [await selfSigned('first'), await selfSigned('second')];
  const dir = await tempDir();
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const put = (pair: Certificate) => {
    writeFileSync(cert, pair.cert);
    writeFileSync(key, pair.private);
  };
  put(first);
  const varve = await serveVarve('--set', `tls.cert=${cert}`, '--set', `tls.key=${key}`);
  try {
    await varve.logged(/the first points are in/);
    const write = async (ca: string): Promise<unknown> => {
      const client = connect(varve.grpc, {
        credentials: grpc.credentials.createSsl(Buffer.from(ca)),
      });
      try {
        return (await client.write(POINT)).accepted;
      } finally {
        client.close();
      }
    };
    assert.is(await write(first.cert), 1n);
    assert.match(await get(httpsOf(varve, '/-/healthy'), { ca: first.cert }), 'healthy');
    await rejection(get(httpsOf(varve, '/-/healthy'), { ca: second.cert }));

    put(second);
    varve.child.kill('SIGHUP');
    await varve.logged(/reload: nothing has changed/);
    assert.is(await write(second.cert), 1n);
    assert.match(await get(httpsOf(varve, '/-/healthy'), { ca: second.cert }), 'healthy');
  } finally {
    await varve.stop();
  }
});

tls('with tls.client_ca a client without a certificate of it is turned away', async () => {
  const [server, client] = [await selfSigned('server'), await selfSigned('client')];
  const dir = await tempDir();
  const paths = {
    cert: join(dir, 'c.pem'),
    key: join(dir, 'k.pem'),
    client_ca: join(dir, 'a.pem'),
  };
  writeFileSync(paths.cert, server.cert);
  writeFileSync(paths.key, server.private);
  writeFileSync(paths.client_ca, client.cert);
  const sets = Object.entries(paths).flatMap(([name, path]) => ['--set', `tls.${name}=${path}`]);
  const varve = await serveVarve(...sets);
  try {
    await varve.logged(/the first points are in/);
    const ca = Buffer.from(server.cert);
    const own = { ca, cert: client.cert, key: client.private };
    assert.match(await get(httpsOf(varve, '/-/healthy'), own), 'healthy');
    await rejection(get(httpsOf(varve, '/-/healthy'), { ca }));

    const [key, cert] = [Buffer.from(client.private), Buffer.from(client.cert)];
    const known = connect(varve.grpc, { credentials: grpc.credentials.createSsl(ca, key, cert) });
    assert.is((await known.write(POINT)).accepted, 1n);
    known.close();
    const unknown = connect(varve.grpc, { credentials: grpc.credentials.createSsl(ca) });
    await rejection(unknown.write(POINT));
    unknown.close();
  } finally {
    await varve.stop();
  }
});

tls('a file that is no certificate is told of in one line', async () => {
  const dir = await tempDir();
  writeFileSync(join(dir, 'x.pem'), 'no');
  const set = (name: string, file: string) => ['--set', `tls.${name}=${join(dir, file)}`];
  const ports = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0', '--data', join(dir, 'data')];
  const bad = await runVarve('serve', ...ports, ...set('cert', 'x.pem'), ...set('key', 'x.pem'));
  assert.is(bad.code, 1);
  assert.match(bad.stderr, /do not make a certificate: .*; give a PEM pair/);
  const gone = await runVarve('serve', ...ports, ...set('cert', 'y.pem'), ...set('key', 'x.pem'));
  assert.match(gone.stderr, /cannot read tls\.cert .*y\.pem: /);
  assert.not.match(gone.stderr, /at .*\.js/);
});

tls.run();
