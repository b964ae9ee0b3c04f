import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decompress } from 'zstd-napi';
import { chooseEncoding } from '../../../query/http/send.ts';
import { startQueryServer, storageWith } from '../../support/query-server.ts';

const send = suite('query/http/send');

const CHOICES: readonly (readonly [string | undefined, string | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['br, deflate', undefined],
  ['gzip, deflate, br', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['zstd', 'zstd'],
  ['gzip;q=0.5, ZSTD;q=0.8', 'zstd'],
  ['gzip;q=0, *', 'zstd'],
  ['*;q=0', undefined],
];

for (const [accepted, encoding] of CHOICES) {
  send(`chooses ${encoding ?? 'nothing'} for ${JSON.stringify(accepted)}`, () => {
    assert.is(chooseEncoding(accepted), encoding);
  });
}

send('encodes big answers alike, whole ones and streams, and leaves small ones', async () => {
  const series = Array.from({ length: 3000 }, (_, i) => `up{instance="host-${i}"} ${i}`);
  const server = await startQueryServer({ storage: await storageWith(1000, ...series) });
  try {
    for (const path of ['query?query=up&time=0', 'label/instance/values']) {
      const url = `${server.url}/api/v1/${path}`;
      const plain = await read(url, 'identity');
      assert.is(plain.encoding, undefined);
      assert.is(plain.vary, 'accept-encoding');
      assert.is(plain.cacheControl, 'no-store');
      assert.ok(JSON.parse(plain.body.toString()));
      const gzip = await read(url, 'gzip');
      assert.is(gzip.encoding, 'gzip');
      assert.equal(gunzipSync(gzip.body), plain.body);
      const zstd = await read(url, 'zstd');
      assert.is(zstd.encoding, 'zstd');
      assert.equal(decompress(zstd.body), plain.body);
      assert.ok(gzip.body.length * 3 < plain.body.length);
    }
    const small = await read(`${server.url}/api/v1/query?query=1`, 'gzip');
    assert.is(small.encoding, undefined);
  } finally {
    await server.close();
  }
});

async function read(url: string, accepted: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': accepted } }, resolve).on('error', reject);
  });
  const { 'content-encoding': encoding, vary, 'cache-control': cacheControl } = response.headers;
  return { body: await buffer(response), encoding, vary, cacheControl };
}

send.run();
