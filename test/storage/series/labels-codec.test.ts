import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptionError } from '../../../storage/errors.ts';
import { canonicalLabels, type Label } from '../../../storage/series/labels.ts';
import { decodeLabels, encodeLabels } from '../../../storage/series/labels-codec.ts';
import { property } from '../../support/seed.ts';

const codec = suite('storage/series/labels-codec');

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
const anyLabels = fc
  .uniqueArray(fc.record({ name: text, value: text }, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 6,
    selector: (label: Label) => label.name,
  })
  .map(canonicalLabels);

codec('label bytes decode to the labels they were made of', () => {
  fc.assert(
    fc.property(anyLabels, (labels) => {
      assert.equal(decodeLabels(encodeLabels(labels)), labels);
    }),
    property(100),
  );
});

codec('damaged label bytes are corruption with the file and place', () => {
  for (const damaged of [
    [5, 97],
    [1, 97, 9, 98],
    [1, 0xff, 1, 98],
    [1, 97],
  ]) {
    assert.throws(
      () => decodeLabels(Uint8Array.from(damaged), 'some.idx'),
      (error: unknown) => error instanceof CorruptionError && error.path === 'some.idx',
    );
  }
});

codec.run();
