// Queries that would bring a server down if it let them: each is refused with the limit it hit and
// the key to change it, or answered, while a neighbour's queries are served and memory stays flat.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { connect } from '../support/client.ts';
import { suite } from '../support/suite.ts';
import { QUIET, startServer, type VarveProcess } from '../support/varve-process.ts';

const deaths = suite('e2e/queries-of-death');

const VALUES = 100_000;
const BATCH = 2000;
/** A refusal costs next to nothing; a query that ran away would take gigabytes. */
const GROWTH_BYTES_MAX = 512 * 2 ** 20;

const dir = mkdtempSync(join(tmpdir(), 'varve-deaths-'));
let server: VarveProcess;

deaths.before(async () => {
  server = await startServer(dir, ...QUIET);
  const client = connect(server.grpc);
  const nowMs = Date.now() - 1000;
  for (let from = 0; from < VALUES; from += BATCH) {
    const refs = Array.from({ length: BATCH }, (_, i) => i + 1);
    const { accepted } = await client.write({
      definitions: refs.map((ref) => {
        const value = `${'a'.repeat(40)}${from + ref}!`;
        const labels = [
          { name: '__name__', value: 'x' },
          { name: 'v', value },
        ];
        return { ref, labels };
      }),
      columns: { refs, timestampsMs: refs.map(() => BigInt(nowMs)), values: refs.map(() => 1) },
    });
    assert.is(accepted, BigInt(BATCH));
  }
  client.close();
});

deaths.after(async () => {
  assert.is((await server.stop()).code, 0);
  rmSync(dir, { recursive: true, force: true });
});

type Death = readonly [
  what: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
  status: number,
  answer: RegExp,
];

const nested = (depth: number): string => `${'('.repeat(depth)}1${')'.repeat(depth)}`;
const SAMPLES = /\(limit 50000000, config key query\.max_samples\)/;
const LENGTH = /has \d+ bytes \(limit 65536, config key query\.max_expression\)/;
const DEPTH = /nested too deep \(limit 100, config key query\.max_depth\)/;
const STEPS = /\(limit 11000, config key query\.max_steps\)/;
const NONE = /"result":\[\]/;

const DEATHS: readonly Death[] = [
  ['a year in milliseconds', 'query', { query: 'count_over_time(x[1y:1ms])' }, 422, SAMPLES],
  [
    'a range longer than time',
    'query',
    { query: 'rate(x[99999999999999999999y])' },
    400,
    /duration out of range/,
  ],
  ['100,000 nested parentheses', 'query', { query: nested(100_000) }, 400, LENGTH],
  ['as many as fit', 'query', { query: nested(32_000) }, 400, DEPTH],
  ['a long chain of operators', 'query', { query: `${'x+'.repeat(32_000)}x` }, 400, DEPTH],
  ['a megabyte', 'query', { query: `${'x+'.repeat(500_000)}x` }, 400, LENGTH],
  ['(a+)+$', 'query', { query: 'count(x{v=~"(a+)+$"})' }, 200, NONE],
  ['((a*)*)*b', 'query', { query: 'count(x{v=~"((a*)*)*b"})' }, 200, NONE],
  ['(a+)+$ turned round', 'query', { query: 'count(x{v!~"(a+)+$"})' }, 200, /"100000"/],
  ['(a+)+$ in a listing', 'series', { 'match[]': 'x{v=~"(a+)+$"}' }, 200, /"data":\[\]/],
  ['a huge repetition', 'query', { query: 'x{v=~"(a{1000}){1000}"}' }, 400, /regular expression/],
  ['a billion steps', 'query_range', { query: 'x', start: '0', end: '1e9', step: '1' }, 400, STEPS],
];

for (const [what, path, parameters, status, answer] of DEATHS) {
  deaths(`survives ${what}, and serves a neighbour meanwhile`, async () => {
    const before = residentBytes();
    const deadly = ask(path, parameters);
    let over = false;
    void deadly.finally(() => {
      over = true;
    });
    do {
      const neighbour = await ask('query', { query: '1 + 1' });
      assert.is(neighbour.status, 200);
    } while (!over);
    const { status: found, body } = await deadly;
    assert.is(found, status, body.slice(0, 300));
    assert.match(body, answer);
    assert.ok(residentBytes() - before < GROWTH_BYTES_MAX);
  });
}

deaths('ends ranges upon ranges at the deadline, and serves a neighbour meanwhile', async () => {
  const query = 'sum_over_time(sum_over_time(vector(1)[1d:1s])[1d:1s])';
  const deadly = ask('query', { query, timeout: '200ms' });
  const neighbour = await ask('query', { query: '1 + 1' });
  assert.is(neighbour.status, 200);
  const { status, body } = await deadly;
  assert.is(status, 503);
  assert.match(body, /\(limit 0.2s, config key query.timeout\)/);
});

deaths('ends a query when its client hangs up, and serves a neighbour meanwhile', async () => {
  const query = 'sum_over_time(sum_over_time(vector(1)[1d:1s])[1d:1s])';
  const client = new AbortController();
  const hanging = ask('query', { query }, client.signal);
  while (!(await activeQueries()).includes(query)) assert.ok('it has not begun yet');
  client.abort();
  const error = await hanging.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is((error as Error).name, 'AbortError');
  // Its time would be up in half a minute only; the runner gives up before.
  while ((await activeQueries()).includes(query)) assert.ok('it has not ended yet');
});

deaths('ends a slow pattern over many values at the deadline', async () => {
  const query = 'count(x{v=~"((a*)*)*b"} or x{v=~"((a*)*)*c"} or x{v=~"((a*)*)*d"})';
  const { status, body } = await ask('query', { query, timeout: '5ms' });
  assert.is(status, 503);
  assert.match(body, /"errorType":"timeout".*\(limit 0.005s, config key query.timeout\)/);
});

async function ask(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<{ status: number; body: string }> {
  const body = new URLSearchParams(parameters);
  const response = await fetch(`${server.http}/api/v1/${path}`, {
    method: 'POST',
    body,
    ...(signal !== undefined && { signal }),
  });
  return { status: response.status, body: await response.text() };
}

async function activeQueries(): Promise<readonly string[]> {
  const response = await fetch(`${server.http}/api/v1/status/active_queries`);
  const { data } = (await response.json()) as { data: readonly { readonly query: string }[] };
  return data.map(({ query }) => query);
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

deaths.run();
