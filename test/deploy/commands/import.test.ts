import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { compress } from 'zstd-napi';
import { runCli } from '../../../deploy/cli.ts';
import { naiveEngine } from '../../support/naive-engine.ts';
import { runHere } from '../../support/run-here.ts';
import { suite } from '../../support/suite.ts';

const importing = suite('deploy/commands/import');

interface Request {
  readonly url: string;
  readonly type: string | undefined;
  readonly body: string;
}

const dir = mkdtempSync(join(tmpdir(), 'varve-import-'));
const requests: Request[] = [];
/** Answers each request: by default that all its lines are a point. */
let answer = (response: ServerResponse, { body }: Request) => accept(response, body);
let server: Server;
let url = '';

importing.before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const known = { url: request.url!, type: request.headers['content-type'], body };
    requests.push(known);
    answer(response, known);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
importing.before.each(() => {
  requests.length = 0;
  answer = (response, { body }) => accept(response, body);
});
importing.after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(dir, { recursive: true });
});

function accept(response: ServerResponse, body: string): void {
  const accepted = body.split('\n').filter((line) => line !== '').length;
  reply(response, 200, { status: 'success', data: { accepted } });
}

function reply(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const run = (...args: string[]) => runHere('import', '--http', url, ...args);

const FORMATS: readonly (readonly [name: string, args: string[], url: string])[] = [
  ['a.jsonl', [], '/api/v1/import'],
  ['a.ndjson', [], '/api/v1/import'],
  ['a.prom', [], '/api/v1/import/prometheus'],
  ['a.om', [], '/api/v1/import/prometheus'],
  ['a.lp', ['--precision', 's', '--db', 'x'], '/write?precision=s&db=x'],
  ['a.csv', ['--columns', '1:metric:a'], '/api/v1/import/csv?format=1%3Ametric%3Aa'],
  ['a', ['--format', 'influx'], '/write'],
];
for (const [name, args, wanted] of FORMATS) {
  importing(`${name} ${args.join(' ')} goes to ${wanted}`, async () => {
    const { code, stdout } = await run(...args, file(name, 'one\ntwo'));
    assert.is(code, 0);
    const points = wanted.startsWith('/write') ? '' : '2 points from ';
    assert.is(stdout, `imported ${points}2 lines\n`);
    assert.equal(
      requests.map((request) => [request.url, request.body]),
      [[wanted, 'one\ntwo']],
    );
  });
}

importing('compressed files are sent as what is in them', async () => {
  const text = Buffer.from('one\ntwo\n');
  const files = [
    file('b.jsonl.gz', gzipSync(text)),
    file('b.jsonl.zst', Buffer.concat([compress(text), compress(text)])),
  ];
  const { stdout } = await run(...files);
  assert.is(stdout, 'imported 6 points from 6 lines\n');
  assert.equal(
    requests.map(({ body }) => body),
    ['one\ntwo\n', 'one\ntwo\none\ntwo\n'],
  );
});

importing('a long file is sent in portions of whole lines', async () => {
  const lines = Array.from({ length: 300 }, (_, i) => `${i}`.padEnd(10_000, 'x'));
  const { stdout } = await run(file('long.jsonl', lines.join('\n')));
  assert.is(stdout, 'imported 300 points from 300 lines\n');
  assert.ok(requests.length > 1);
  assert.is(requests.map(({ body }) => body).join(''), lines.join('\n'));
  for (const { body } of requests.slice(0, -1)) assert.ok(body.endsWith('\n'));
});

importing('it goes on with the line it is told, after the header', async () => {
  const path = file('c.csv', 'h1\nh2\none\ntwo\nthree\n');
  const args = ['--columns', '1:metric:a', '--header-lines', '2', path];
  await run(...args);
  await run('--from-line', '4', ...args);
  assert.equal(
    requests.map(({ body }) => body),
    ['one\ntwo\nthree\n', 'two\nthree\n'],
  );
});

importing('bad lines are named as those of the file, and the rest goes on', async () => {
  const filler = Array.from({ length: 200 }, () => 'x'.repeat(10_000));
  answer = (response, { body }) => {
    const error = 'line 3: is not JSON; 2 more bad lines';
    if (requests.length > 1) reply(response, 400, { error, data: { accepted: 1 } });
    else accept(response, body);
  };
  const { code, stdout, stderr } = await run(file('d.jsonl', filler.join('\n')));
  const lines = requests[0]!.body.split('\n').length - 1;
  assert.is(code, 1);
  assert.match(stderr, `d.jsonl: line ${lines + 3}: is not JSON; 2 more bad lines\n`);
  assert.match(stderr, /^varve: not everything could be stored: all other points are$/m);
  assert.match(stdout, /^imported \d+ points from 200 lines$/m);
});

for (const status of [429, 503]) {
  importing(`it waits as long as a ${status} says, and sends the same again`, async () => {
    answer = (response, { body }) => {
      if (requests.length > 2) accept(response, body);
      else reply(response, status, { error: 'busy' }, { 'retry-after': '0' });
    };
    const { code, stdout } = await run(file('e.jsonl', 'one\n'));
    assert.is(code, 0);
    assert.is(stdout, 'imported 1 point from 1 line\n');
    assert.equal(
      requests.map(({ body }) => body),
      ['one\n', 'one\n', 'one\n'],
    );
  });
}

importing('a failure tells the line to go on from', async () => {
  const lines = Array.from({ length: 300 }, () => 'x'.repeat(10_000));
  answer = (response, { body }) => {
    if (requests.length === 1) accept(response, body);
    else response.destroy();
  };
  const path = file('f.jsonl', lines.join('\n'));
  const { code, stderr } = await run(path);
  assert.is(code, 1);
  const sent = requests[0]!.body.split('\n').length - 1;
  assert.match(stderr, new RegExp(`^varve: .*f\\.jsonl: no answer from ${url}: .*`));
  assert.match(stderr, `; go on with --from-line ${sent + 1}, this file first\n`);
  assert.is(stderr.trim().split('\n').length, 1);

  answer = (response, { body }) => accept(response, body);
  requests.length = 0;
  await run('--from-line', String(sent + 1), path);
  assert.is(requests.map(({ body }) => body).join(''), lines.slice(sent).join('\n'));
});

importing('a refusal of the whole request ends it with the reason', async () => {
  answer = (response) => reply(response, 401, { error: 'a token is needed' });
  const { code, stderr } = await run(file('g.jsonl', 'one\n'));
  assert.is(code, 1);
  assert.match(stderr, /g\.jsonl: a token is needed\n$/);
  assert.is(requests.length, 1);
});

importing('an interrupt ends it at once, and tells the line to go on from', async () => {
  let interrupt = () => {};
  answer = () => interrupt();
  const stderr: string[] = [];
  const code = await runCli(['import', '--http', url, file('j.jsonl', 'one\n')], {
    engine: naiveEngine,
    stdin: Readable.from([]),
    stdout: { write: () => {} },
    stderr: { write: (text) => stderr.push(String(text)) },
    colour: false,
    onSignal(_signal, callback) {
      interrupt = callback;
      return () => {};
    },
    exit: () => assert.unreachable() as never,
  });
  assert.is(code, 1);
  assert.match(stderr.join(''), /^varve: .*j\.jsonl: interrupted\n$/);
});

const MISTAKES: readonly (readonly [what: string, args: string[], code: number, says: RegExp])[] = [
  ['a name without a format', [join(dir, 'x')], 2, /say --format influx\|jsonl\|openmetrics\|csv/],
  ['a format that is none', ['--format', 'xml', 'x'], 2, /--format is one of .*, not xml/],
  ['a file that is not there', [join(dir, 'x.jsonl')], 1, /x\.jsonl: no such file or directory/],
  ['a directory', ['--format', 'jsonl', dir], 2, /is a directory: name the files in it/],
  ['CSV without columns', [file('h.csv', '1\n')], 2, /needs to be told its columns/],
  ['a line that is no number', ['--from-line', 'x', 'a.jsonl'], 2, /Say a number/],
  ['a damaged file', [file('i.jsonl.gz', 'no gzip')], 1, /i\.jsonl\.gz: cannot be read: /],
  ['no file at all', [], 2, /missing required argument 'files'/],
];
for (const [what, args, code, says] of MISTAKES) {
  importing(`${what} is told in one line, exit ${code}`, async () => {
    const outcome = await run(...args);
    assert.is(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, says);
    assert.is(outcome.stderr.trim().split('\n').length, 1);
    assert.is(requests.length, 0);
  });
}

importing.run();
