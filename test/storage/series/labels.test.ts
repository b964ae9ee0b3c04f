import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  canonicalLabels,
  compareLabels,
  compareText,
  type Label,
  validateLabels,
} from '../../../storage/series/labels.ts';
import { property } from '../../support/seed.ts';

const labels = suite('storage/series/labels');

const of = (...pairs: [string, string][]): Label[] =>
  pairs.map(([name, value]) => ({ name, value }));

labels('text is compared in the order of its UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const want = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.is(Math.sign(compareText(a, b)), want);
    }),
    { ...property(100), examples: [['\u{1f600}', '\uffee']] },
  );
});

labels('canonical labels are sorted and have no empty values', () => {
  const got = canonicalLabels(of(['zone', 'b'], ['__name__', 'up'], ['gone', ''], ['Zone', 'a']));
  assert.equal(got, of(['Zone', 'a'], ['__name__', 'up'], ['zone', 'b']));
});

labels('canonical labels are handed back as they are', () => {
  const given = of(['a', '1'], ['b', '2']);
  assert.is(canonicalLabels(given), given);
});

labels('label sets are ordered by their labels, a prefix first', () => {
  const ordered = [
    of(['a', '1']),
    of(['a', '1'], ['b', '1']),
    of(['a', '1'], ['b', '2']),
    of(['a', '2']),
    of(['b', '']),
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.is(Math.sign(compareLabels(a, b)), Math.sign(i - j), `${i} against ${j}`);
    }
  }
});

const VERDICTS: [name: string, given: Label[], reason: string | undefined][] = [
  ['an ordinary series', of(['__name__', 'up'], ['job', 'api']), undefined],
  ['a series without a metric name', of(['job', 'api']), undefined],
  ['names and values beyond ASCII', of(['größe', '\u{1f600}'], ['日', '\u0000']), undefined],
  ['no labels', [], 'no labels'],
  ['an empty name', of(['', 'x']), 'empty label name'],
  ['a name given twice', of(['a', '1'], ['a', '2']), 'duplicate label name "a"'],
  [
    'a lone surrogate in a name',
    of(['a\ud800', 'x']),
    'label name "a\\ud800" is not valid Unicode',
  ],
  ['a lone surrogate in a value', of(['a', '\udc00']), 'value of label "a" is not valid Unicode'],
];

for (const [name, given, reason] of VERDICTS) {
  labels(`validation judges ${name}`, () => {
    assert.is(validateLabels(given), reason);
  });
}

labels('a reason does not repeat a name of megabytes', () => {
  const name = 'x'.repeat(1e6);
  assert.ok(validateLabels(of([name, '1'], [name, '2']))!.length < 200);
});

labels.run();
