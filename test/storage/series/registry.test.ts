import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../../storage/series/labels.ts';
import { createLabelsKeys } from '../../../storage/series/labels-key.ts';
import { SeriesRegistry } from '../../../storage/series/registry.ts';
import { property } from '../../support/seed.ts';

const registry = suite('storage/series/registry');

const hostLabels = (host: number): Labels => [
  { name: '__name__', value: 'up' },
  { name: 'host', value: `host-${host}` },
];

registry('a label value of a megabyte is a series like any other', () => {
  const keys = createLabelsKeys();
  const series = new SeriesRegistry();
  const labels = [{ name: 'big', value: 'x'.repeat(1e6) }];
  series.add(keys(labels), 1, 0);
  assert.is(series.find(keys(labels)), 1);
  assert.equal(series.labelsOf(1), labels);
});

registry('it behaves as a pair of maps that age', () => {
  const operation = fc.record({
    kind: fc.constantFrom('add', 'add', 'add', 'forget', 'turn', 'touch', 'policy'),
    host: fc.nat(40),
    policy: fc.nat(65_535),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const keys = createLabelsKeys();
      const series = new SeriesRegistry();
      const model = new Map<number, { id: number; policy: number; isOld: boolean }>();
      let nextId = 1;
      for (const { kind, host, policy } of operations) {
        const known = model.get(host);
        if (kind === 'add' && known === undefined) {
          nextId += 700;
          const id = nextId;
          series.add(keys(hostLabels(host)), id, policy);
          model.set(host, { id, policy, isOld: false });
        } else if (kind === 'forget') {
          series.forget(known?.id ?? 3);
          model.delete(host);
        } else if (kind === 'turn') {
          series.turn();
          for (const [key, { isOld }] of model) if (isOld) model.delete(key);
          for (const entry of model.values()) entry.isOld = true;
        } else if (kind === 'touch') {
          series.touch(known?.id ?? 3);
          if (known !== undefined) known.isOld = false;
        } else if (kind === 'policy' && known !== undefined) {
          series.setPolicy(known.id, policy);
          known.policy = policy;
        }
      }
      assert.is(series.size, model.size);
      assert.equal([...series.ids()].sort(), [...model.values()].map(({ id }) => id).sort());
      for (let host = 0; host <= 40; host++) {
        const want = model.get(host);
        assert.is(series.find(keys(hostLabels(host))), want?.id ?? 0);
        if (want === undefined) continue;
        assert.equal(series.labelsOf(want.id), hostLabels(host));
        assert.is(series.policyOf(want.id), want.policy);
      }
    }),
    property(100),
  );
});

registry('100,000 series are found again, and those not asked for give their memory back', () => {
  const keys = createLabelsKeys();
  const series = new SeriesRegistry();
  for (let host = 0; host < 100_000; host++) series.add(keys(hostLabels(host)), host + 1, 0);
  for (let host = 0; host < 100_000; host += 997) {
    assert.is(series.find(keys(hostLabels(host))), host + 1);
  }
  const fullBytes = series.memoryBytes;
  series.turn();
  for (let id = 90_001; id <= 100_000; id++) series.touch(id);
  series.turn();
  assert.is(series.size, 10_000);
  assert.ok(series.memoryBytes < fullBytes / 3);
  assert.is(series.find(keys(hostLabels(95_000))), 95_001);
  assert.is(series.find(keys(hostLabels(5))), 0);
});

registry.run();
