import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { decompress } from 'zstd-napi';
import { runHere } from '../../support/run-here.ts';
import { suite } from '../../support/suite.ts';

const exporting = suite('deploy/commands/export');

const LINE = '{"metric":{"__name__":"up"},"values":[1],"timestamps":[0]}\n';

const dir = mkdtempSync(join(tmpdir(), 'varve-export-'));
let asked = new URLSearchParams();
let answer = (response: ServerResponse): unknown => response.end(LINE);
let server: Server;
let url = '';
exporting.before(async () => {
  server = createServer((request, response) => {
    asked = new URL(request.url!, 'http://x').searchParams;
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
exporting.before.each(() => {
  answer = (response) => response.end(LINE);
});
exporting.after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(dir, { recursive: true });
});

const run = (...args: string[]) => runHere('export', '--http', url, '--match', 'up', ...args);

exporting('what the server says goes to stdout', async () => {
  const range = ['--match', 'down', '--start', '1.5', '--end', '1970-01-02'];
  assert.equal(await run(...range), { code: 0, stdout: LINE, stderr: '' });
  assert.equal(asked.getAll('match[]'), ['up', 'down']);
  assert.equal([asked.get('start'), asked.get('end')], ['1.5', '86400']);
});

exporting('or into a file, compressed as its name says', async () => {
  const path = join(dir, 'up.jsonl.zst');
  assert.equal(await run('--output', path), { code: 0, stdout: '', stderr: '' });
  assert.is(decompress(readFileSync(path)).toString('utf8'), LINE);
});

exporting('a warning at its end is told, and makes it a failure', async () => {
  const last = '{"warnings":["damaged data was left out: a","b"]}\n';
  // However the bytes come, and however long the lines before are.
  for (const pieces of [[LINE + last], [LINE.repeat(5000), last], [...(LINE + last)]]) {
    answer = async (response) => {
      for (const piece of pieces) {
        response.write(piece);
        await new Promise(setImmediate);
      }
      response.end();
    };
    const { code, stdout, stderr } = await run();
    assert.is(code, 1);
    assert.is(stdout, pieces.join(''));
    const reason = 'damaged data was left out: a; b';
    assert.is(stderr, `varve: the export is not complete: ${reason}\n`);
  }
});

exporting('an answer that is cut off is not taken for a whole one', async () => {
  answer = (response) => {
    response.write(LINE);
    setImmediate(() => response.destroy());
  };
  const { code, stderr } = await run();
  assert.is(code, 1);
  assert.match(stderr, /^varve: the export was cut off: .*; what was written is not complete\n$/);
});

exporting('a refusal is the message, and something else on that port is told apart', async () => {
  answer = (response) => response.writeHead(400).end('{"error":"1:1: parse error"}');
  assert.is((await run()).stderr, 'varve: 1:1: parse error\n');
  answer = (response) => response.writeHead(404).end('<html>');
  assert.is((await run()).stderr, `varve: ${url} answered 404: check --http\n`);
});

exporting.run();
