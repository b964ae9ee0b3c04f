import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMetadataStore, type MetricMetadata } from '../../storage/index.ts';

const metadata = suite('storage/metric-metadata');

function gauge(help: string): MetricMetadata {
  return { type: 'gauge', help, unit: '' };
}

metadata('keeps different things that are told of a metric, each once', () => {
  const store = createMetadataStore(1e6);
  for (const help of ['a', 'b', 'a']) store.set('up', gauge(help));
  assert.equal(store.get('up'), [gauge('b'), gauge('a')]);
  assert.equal(store.get('down'), []);
});

metadata('of one metric the last four are kept', () => {
  const store = createMetadataStore(1e6);
  for (let i = 0; i < 10; i++) store.set('up', gauge(`${i}`));
  assert.equal(
    store.get('up').map(({ help }) => help),
    ['6', '7', '8', '9'],
  );
});

metadata('lets go of what was told longest ago', () => {
  const store = createMetadataStore(10_000);
  for (let i = 0; i < 1000; i++) {
    store.set(`metric_${i}`, gauge('x'.repeat(20)));
    store.set('wanted', gauge('said again'));
  }
  const known = [...store.entries()].map(([metric]) => metric);
  assert.ok(known.length > 20 && known.length < 80, `${known.length} metrics`);
  assert.is(known.at(-1), 'wanted');
  assert.is(known.at(-2), 'metric_999');
});

metadata('what is larger than the whole store is not kept', () => {
  const store = createMetadataStore(1000);
  store.set('up', gauge('x'.repeat(1000)));
  assert.equal([...store.entries()], []);
});

metadata.run();
