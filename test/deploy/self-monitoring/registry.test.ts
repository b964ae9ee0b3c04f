import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registrySamples } from '../../../deploy/self-monitoring/registry.ts';

const registry = suite('deploy/self-monitoring/registry');

registry('samples are those of the exposition, name by name and label by label', async () => {
  const source = new Registry();
  const registers = [source];
  new Counter({ name: 'a_total', help: 'a', labelNames: ['reason'], registers }).inc(
    { reason: 'late "x"' },
    3,
  );
  new Gauge({ name: 'b', help: 'b', registers }).set(-1.5);
  new Histogram({ name: 'c_seconds', help: 'c', buckets: [0.1, 1], registers }).observe(0.5);

  const samples = registrySamples(await source.getMetricsAsJSON());
  const text = samples.map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).map(([key, v]) => `${key}="${v.replaceAll('"', '\\"')}"`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
  });
  const exposed = (await source.metrics())
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(text.sort(), exposed.sort());
});

registry.run();
