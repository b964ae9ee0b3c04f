// Labels on the wire as the bytes that storage looks them up by.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCanonicalBytes, type LabelBytes } from '../../../ingest/decode/labels.ts';
import { canonicalLabels, encodeLabels, type Label } from '../../../storage/index.ts';
import { property } from '../../support/seed.ts';
import { field } from '../../support/write-requests.ts';

const labels = suite('ingest/decode/labels');

const text = fc.constantFrom('a', 'b', 'ä', 'x'.repeat(127), 'x'.repeat(128), '\u{1f600}');
const anyLabels = fc.uniqueArray(
  fc.record({ name: text, value: text }, { noNullPrototype: true }),
  {
    minLength: 1,
    maxLength: 5,
    selector: (label: Label) => label.name,
  },
);

function wire(messages: readonly Buffer[]): LabelBytes {
  const bytes = Buffer.concat([Buffer.from('ahead'), ...messages, Buffer.from('behind')]);
  return { bytes, start: 5, end: bytes.length - 6 };
}

function message({ name, value }: Label): Buffer {
  return field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]));
}

labels('labels in order are the bytes of their set, whatever came before', () => {
  const canonical = createCanonicalBytes();
  fc.assert(
    fc.property(anyLabels.map(canonicalLabels), (inOrder) => {
      assert.ok(canonical.put(wire(inOrder.map(message))));
      assert.equal(canonical.bytes.slice(0, canonical.length), encodeLabels(inOrder));
    }),
    property(200),
  );
});

labels('labels out of order are the bytes of no set', () => {
  const canonical = createCanonicalBytes();
  fc.assert(
    fc.property(anyLabels, (inAnyOrder) => {
      const inOrder = canonicalLabels(inAnyOrder);
      if (inOrder === inAnyOrder) return;
      assert.ok(canonical.put(wire(inAnyOrder.map(message))));
      const bytes = Buffer.from(canonical.bytes.slice(0, canonical.length));
      assert.not(bytes.equals(encodeLabels(inOrder)));
    }),
    property(200),
  );
});

const [name, value] = [field(1, Buffer.from('a')), field(2, Buffer.from('b'))];
const unusual: [string, Buffer[]][] = [
  ['value ahead of its name', [value, name]],
  ['a name twice', [name, name, value]],
  ['a label without value', [name]],
  ['a field nobody knows', [name, value, field(7, Buffer.from('c'))]],
];
for (const [what, parts] of unusual) {
  labels(`${what}: left to the decoder that reads everything`, () => {
    assert.not(createCanonicalBytes().put(wire([field(1, Buffer.concat(parts))])));
  });
}

labels.run();
