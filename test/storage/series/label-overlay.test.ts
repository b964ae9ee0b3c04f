import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLabelsOverlay } from '../../../storage/series/label-overlay.ts';
import { canonicalLabels, type Label } from '../../../storage/series/labels.ts';
import { encodeLabels } from '../../../storage/series/labels-codec.ts';
import { property } from '../../support/seed.ts';

const overlay = suite('storage/series/label-overlay');

const name = fc.constantFrom('a', 'aa', 'b', 'ä', 'n'.repeat(127), 'n'.repeat(128), '\u{1f600}');
const anyLabels = fc
  .uniqueArray(fc.record({ name, value: fc.constantFrom('x', 'y'.repeat(200)) }), {
    maxLength: 7,
    selector: (label: Label) => label.name,
  })
  .map((labels) => canonicalLabels(labels.map((label) => ({ ...label }))));

overlay('labels put over others are those of a set made of both', () => {
  fc.assert(
    fc.property(anyLabels, anyLabels, (labels, over) => {
      const names = new Set(over.map((label) => label.name));
      const rest = labels.filter((label) => !names.has(label.name));
      const bytes = encodeLabels(labels);
      const merged = createLabelsOverlay(over)(bytes, bytes.length);
      const want = encodeLabels(canonicalLabels([...rest, ...over]));
      assert.equal(merged.bytes.slice(0, merged.length), want);
    }),
    property(300),
  );
});

overlay.run();
