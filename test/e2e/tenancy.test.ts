// A tenant who asks for what is not his in every way there is, over both ports.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { expressionAttacks, selectorAttacks } from '../support/attacks.ts';
import { connect } from '../support/client.ts';
import { createClient } from '../support/query-client.ts';
import { suite } from '../support/suite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tokenConfig } from '../support/token-config.ts';
import { QUIET, serveVarve, type VarveProcess } from '../support/varve-process.ts';
import { toLabels } from '../support/write-requests.ts';

const tenancy = suite('e2e/tenancy');

const TOKENS: Readonly<Record<string, string>> = {
  admin: 'can: [write, read, admin]',
  blue: 'can: [write, read, admin], labels: {team: blue}',
  red: 'can: [write, read], labels: {team: red}',
};
const NOW_MS = Date.now();
const RANGE = `start=${NOW_MS / 1000 - 600}&end=${NOW_MS / 1000 + 600}`;
const TIMES = { startMs: BigInt(NOW_MS - 600_000), endMs: BigInt(NOW_MS + 600_000) };
/** In labels, names, bodies and metadata of others, and in no question. */
const OTHERS = /hidden/;
const SELECTORS = selectorAttacks('red', 'blue', 'shared');
const EXPRESSIONS = SELECTORS.flatMap((selector) => expressionAttacks(selector, 'shared'));

let varve: VarveProcess;

tenancy.before(async () => {
  const configFile = join(await tempDir(), 'varve.yaml');
  writeFileSync(configFile, tokenConfig(TOKENS));
  varve = await serveVarve('--config', configFile, ...QUIET);
  for (const [token, secret] of Object.entries({ admin: 'hidden', blue: 'hidden', red: 'own' })) {
    await write(token, secret);
  }
});

tenancy.after(async () => {
  await varve.stop();
});

/** A metric that all have, one that nobody else has, and an event. */
async function write(token: string, secret: string): Promise<void> {
  const client = connect(varve.grpc, { token: `secret-${token}` });
  const points = { timestampsMs: [BigInt(NOW_MS)], values: [1] };
  const event = { timestampNs: BigInt(NOW_MS) * 1_000_000n, body: Buffer.from(`body ${secret}`) };
  try {
    const { accepted } = await client.write({
      series: [
        { labels: toLabels({ __name__: 'shared', secret }), ...points },
        { labels: toLabels({ __name__: `${secret}_metric`, [`${secret}_label`]: 'x' }), ...points },
      ],
      events: [{ labels: toLabels({ service: secret, secret }), events: [event] }],
    });
    assert.is(accepted, 3n);
  } finally {
    client.close();
  }
  const text = `# HELP ${secret}_told ${secret}\n# TYPE ${secret}_told gauge\n${secret}_told 1\n`;
  const told = await ask(token, '/api/v1/import/prometheus', { method: 'POST', body: text });
  assert.is(told.status, 200);
  await told.text();
}

function ask(token: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer secret-${token}` };
  return fetch(`${varve.http}${path}`, { ...init, headers });
}

tenancy('over HTTP nothing of others comes back', async () => {
  const expressions = EXPRESSIONS.map(encodeURIComponent).flatMap((text) => [
    `/api/v1/query?query=${text}&time=${NOW_MS / 1000}&stats=all`,
    `/api/v1/query_range?query=${text}&${RANGE}&step=60`,
  ]);
  const selectors = SELECTORS.map(encodeURIComponent).flatMap((text) => [
    ...['series', 'labels', 'export'].map((path) => `/api/v1/${path}?match[]=${text}`),
    ...['secret', 'team', '__name__', 'service'].map(
      (name) => `/api/v1/label/${name}/values?match[]=${text}&${RANGE}`,
    ),
    `/api/v1/events?query=${text}&${RANGE}`,
    `/api/v1/events?query=${text}${encodeURIComponent(' |~ ".*"')}&${RANGE}`,
    `/federate?match[]=${text}`,
    `/api/v1/metadata?metric=${text}`,
  ]);
  const plain = ['/api/v1/labels', '/api/v1/metadata', '/api/v1/label/__name__/values'];
  const pages = ['tsdb', 'storage', 'retention', 'config', 'flags', 'runtimeinfo', 'buildinfo'];
  const others = pages.map((of) => `/api/v1/status/${of}`);
  const paths = [...expressions, ...selectors, ...plain, ...others, '/metrics'];
  assert.ok(paths.length >= 1000, `${paths.length} attempts`);
  let answered = 0;
  for (const path of paths) {
    const response = await ask('red', path);
    if (response.status === 200) answered++;
    assert.ok(response.status < 500, `${response.status}: ${path}`);
    assert.not.match(await response.text(), OTHERS, decodeURIComponent(path));
  }
  // Most are good questions, and the tenant's own series are among the answers.
  assert.ok(answered > paths.length / 2, `${answered} of ${paths.length} answered`);
  const own = await ask('red', '/api/v1/query?query=shared');
  assert.match(await own.text(), /"secret":"own"/);
});

tenancy('over gRPC nothing of others comes back', async () => {
  const client = createClient(varve.grpc, 'secret-red');
  const times = { ...TIMES, stepMs: 60_000n };
  const attempts: (() => Promise<unknown>)[] = [
    ...EXPRESSIONS.map((query) => () => {
      return client.call('QueryInstant', { query, timeMs: BigInt(NOW_MS) });
    }),
    ...SELECTORS.flatMap((selector) => [
      () => client.collect('QueryRange', { query: selector, ...times }),
      () => client.collect('ScanRange', { selectors: [selector], ...TIMES }),
      () => client.call('Series', { selectors: [selector], ...TIMES }),
      () => client.call('LabelNames', { selectors: [selector], ...TIMES }),
      () => client.call('LabelValues', { name: 'secret', selectors: [selector], ...TIMES }),
    ]),
  ];
  let answered = 0;
  for (const attempt of attempts) {
    const answer = await attempt().then(
      (found) => {
        answered++;
        return found;
      },
      (error: Error) => error.message,
    );
    // Bytes, such as bodies of events, as the text that they are.
    const text = JSON.stringify(answer, (_, value) =>
      typeof value === 'bigint'
        ? String(value)
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : value,
    );
    assert.not.match(text, OTHERS);
  }
  client.close();
  assert.ok(answered > attempts.length / 2, `${answered} of ${attempts.length} answered`);
});

tenancy('a delete of everything deletes what is the own', async () => {
  for (const selector of SELECTORS) {
    const path = `/api/v1/admin/tsdb/delete_series?match[]=${encodeURIComponent(selector)}`;
    const denied = await ask('red', path, { method: 'POST' });
    assert.is(denied.status, 403);
    await denied.text();
    const response = await ask('blue', path, { method: 'POST' });
    assert.ok(response.status < 500, selector);
    await response.text();
  }
  const left = await ask('admin', '/api/v1/query?query=count(shared) by (team)');
  const { data } = (await left.json()) as { data: { result: { metric: { team?: string } }[] } };
  assert.equal(data.result.map(({ metric }) => metric.team ?? '').sort(), ['', 'red']);
});

tenancy.run();
