import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LabelSets } from '../../../storage/series/label-sets.ts';
import { canonicalLabels, type Label, type Labels } from '../../../storage/series/labels.ts';
import { createLabelsKeys, keptKey } from '../../../storage/series/labels-key.ts';
import { property } from '../../support/seed.ts';

const labelSets = suite('storage/series/label-sets');

/** Few of them, so that sets share labels, and some longer than a length of one byte tells. */
const text = fc.constantFrom(
  'a',
  'b',
  'ab',
  'ä\u0000',
  'x'.repeat(127),
  'x'.repeat(128),
  '\u{1f600}',
);
const anyLabels = fc
  .uniqueArray(fc.record({ name: text, value: text }, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 4,
    selector: (label: Label) => label.name,
  })
  .map(canonicalLabels);

labelSets('a set is found by its labels and by nothing else, and has its labels again', () => {
  fc.assert(
    fc.property(fc.array(anyLabels, { maxLength: 60 }), (all) => {
      const keyOf = createLabelsKeys();
      const sets = new LabelSets();
      const model = new Map<string, { slot: number; labels: Labels }>();
      for (const labels of all) {
        const known = model.get(JSON.stringify(labels));
        assert.is(sets.find(keyOf(labels)), known?.slot ?? -1);
        if (known === undefined) {
          model.set(JSON.stringify(labels), { slot: sets.insert(keyOf(labels)), labels });
        }
      }
      assert.is(sets.size, model.size);
      for (const { slot, labels } of model.values()) {
        assert.equal(sets.labelsOf(slot), labels);
        assert.equal(sets.keyOf(slot), keptKey(keyOf(labels)));
        assert.is(sets.wordsOf(slot).length, labels.length);
      }
    }),
    property(100),
  );
});

labelSets('labels that series share are kept once', () => {
  const keyOf = createLabelsKeys();
  const sets = new LabelSets();
  for (let i = 0; i < 100_000; i++) {
    const labels = [
      { name: 'code', value: `${i % 100}` },
      { name: 'namespace', value: `a-team-with-a-long-name-${i % 7}` },
      { name: 'pod', value: `a-pod-with-a-long-name-too-${Math.floor(i / 100)}` },
    ];
    if (sets.find(keyOf(labels)) === -1) sets.insert(keyOf(labels));
  }
  assert.is(sets.size, 100_000);
  assert.is(sets.labels.size, 100 + 7 + 1000);
  assert.ok(sets.memoryBytes < 100_000 * 36, `${sets.memoryBytes} B`);
});

labelSets.run();
