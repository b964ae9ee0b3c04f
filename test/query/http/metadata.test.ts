import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMetadataStore } from '../../../storage/index.ts';
import { startQueryServer } from '../../support/query-server.ts';

const metadata = suite('query/http/metadata');

const UP = [{ type: 'gauge', help: 'Whether it is up.', unit: '' }] as const;
const TWO = [
  { type: 'counter', help: 'Requests.', unit: '' },
  { type: 'counter', help: 'All requests.', unit: '' },
] as const;

const CASES = [
  ['', { up: UP, requests_total: TWO }],
  ['metric=up', { up: UP }],
  ['metric=down', {}],
  ['limit=1', { up: UP }],
  ['limit=0', {}],
  ['limit=-1', { up: UP, requests_total: TWO }],
  ['limit_per_metric=1', { up: UP, requests_total: TWO.slice(0, 1) }],
  ['limit_per_metric=0&metric=requests_total', { requests_total: TWO }],
] as const;

metadata('answers with what the doors were told, as Prometheus', async () => {
  const store = createMetadataStore(1e6);
  store.set('up', UP[0]);
  for (const one of TWO) store.set('requests_total', one);
  const server = await startQueryServer({ metadata: store });
  try {
    for (const [parameters, data] of CASES) {
      const answer = await fetch(`${server.url}/api/v1/metadata?${parameters}`);
      assert.equal(await answer.json(), { status: 'success', data }, parameters);
    }
    const bad = await fetch(`${server.url}/api/v1/metadata?limit=few`);
    assert.is(bad.status, 400);
  } finally {
    await server.close();
  }
});

metadata.run();
