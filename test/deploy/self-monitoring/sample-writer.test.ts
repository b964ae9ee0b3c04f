import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestOf } from '../../../deploy/self-monitoring/sample-writer.ts';

const sampleWriter = suite('deploy/self-monitoring/sample-writer');

sampleWriter('a series is defined once, and later known by its ref', () => {
  const refs = new Map<string, number>();
  const samples = [
    { name: 'up', labels: { job: 'varve' }, value: 1 },
    { name: 'up', labels: { job: 'node' }, value: 0 },
  ];
  const first = requestOf(samples, 5, refs, 1n);
  assert.equal(
    first.definitions.map(({ ref, labels }) => [ref, labels.map((l) => `${l.name}=${l.value}`)]),
    [
      [1, ['__name__=up', 'job=varve']],
      [2, ['__name__=up', 'job=node']],
    ],
  );
  const second = requestOf(samples.slice(1), 6, refs, 2n);
  assert.is(second.definitions.length, 0);
  assert.equal(second.columns?.refs, [2]);
  assert.equal(second.columns?.timestampsMs, [6n]);
  assert.equal(second.columns?.values, [0]);
});

sampleWriter('a label without a value is no label', () => {
  const { definitions } = requestOf([{ name: 'a', labels: { b: '' }, value: 1 }], 1, new Map(), 1n);
  assert.is(definitions[0]?.labels.length, 1);
});

sampleWriter.run();
