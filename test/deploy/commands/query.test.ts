import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { runHere } from '../../support/run-here.ts';
import { suite } from '../../support/suite.ts';

const query = suite('deploy/commands/query');

/** Answers everything with `answer`, and keeps what was asked. */
const asked: { path: string; parameters: URLSearchParams }[] = [];
let answer = '';
let server: Server;
let url = '';
query.before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ path: request.url ?? '', parameters: new URLSearchParams(body) });
    response.end(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
query.after(() => {
  server.close();
  server.closeAllConnections();
});

function success(resultType: string, result: unknown, warnings?: string[]): string {
  return JSON.stringify({ status: 'success', data: { resultType, result }, warnings });
}

const UP = { __name__: 'up', job: 'node' };

query('an instant query is a table', async () => {
  answer = success('vector', [{ metric: UP, value: [1_700_000_000.5, '1'] }]);
  const { code, stdout } = await runHere('query', 'up', '--http', url);
  assert.is(code, 0);
  assert.equal(stdout.split('\n'), [
    'TIME                      VALUE  SERIES',
    '2023-11-14T22:13:20.500Z  1      up{job="node"}',
    '',
  ]);
  assert.is(asked.at(-1)?.path, '/api/v1/query');
  assert.is(asked.at(-1)?.parameters.get('query'), 'up');
});

query('a scalar is a table of one row', async () => {
  answer = success('scalar', [1_700_000_000, '42']);
  const { stdout } = await runHere('query', '42', '--http', url);
  assert.match(stdout, /^2023-11-14T22:13:20\.000Z {2}42 +\{\}$/m);
});

query('a range is a plot, asked for in about as many steps as it has room for', async () => {
  answer = success('matrix', [
    {
      metric: UP,
      values: [
        [1_700_000_000, '1'],
        [1_700_000_015, 'NaN'],
        [1_700_000_030, '+Inf'],
      ],
    },
  ]);
  const range = ['--start', '1700000000', '--end', '2023-11-14T23:13:20Z'];
  const { code, stdout } = await runHere('query', 'up', '--http', url, ...range);
  assert.is(code, 0);
  assert.match(stdout, /┤ *\*/);
  assert.match(stdout, /\* +\+?Inf {2}up\{job="node"\}/);
  const { path, parameters } = asked.at(-1)!;
  assert.is(path, '/api/v1/query_range');
  assert.is(parameters.get('start'), '1700000000');
  assert.is(parameters.get('end'), '1700003600');
  assert.is(parameters.get('step'), '15');
});

query('--json is what the server said', async () => {
  answer = success('vector', []);
  assert.is((await runHere('query', 'up', '--http', url, '--json')).stdout, `${answer}\n`);
});

query('--csv is a row for each point, with a column for each label', async () => {
  answer = success('matrix', [
    {
      metric: UP,
      values: [
        [0, '1'],
        [0.5, '+Inf'],
      ],
    },
    { metric: { instance: 'a, "b"' }, values: [[0, 'NaN']] },
  ]);
  const range = ['--start', '0', '--end', '1'];
  const { code, stdout } = await runHere('query', 'up', '--http', url, '--csv', ...range);
  assert.is(code, 0);
  assert.equal(stdout.split('\n'), [
    'time,value,__name__,instance,job',
    '1970-01-01T00:00:00.000Z,1,up,,node',
    '1970-01-01T00:00:00.500Z,+Inf,up,,node',
    '1970-01-01T00:00:00.000Z,NaN,,"a, ""b""",',
    '',
  ]);
});

query('an empty answer is said so, beside the output', async () => {
  answer = success('vector', [], ['something was odd']);
  const { code, stdout, stderr } = await runHere('query', 'up', '--http', url);
  assert.is(code, 0);
  assert.is(stdout, '');
  assert.is(stderr, 'varve: something was odd\nvarve: the answer is empty\n');
});

query("the server's refusal is the message, exit 1", async () => {
  answer = JSON.stringify({ status: 'error', errorType: 'bad_data', error: '1:4: parse error' });
  const { code, stderr } = await runHere('query', 'sum(', '--http', url);
  assert.is(code, 1);
  assert.is(stderr, 'varve: 1:4: parse error\n');
});

query('something else on that port is told apart', async () => {
  answer = '<html>hello</html>';
  const { code, stderr } = await runHere('query', 'up', '--http', url);
  assert.is(code, 1);
  assert.match(stderr, /does not answer like varve: check --http/);
});

query.run();
