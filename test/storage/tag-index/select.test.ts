import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StorageError } from '../../../storage/errors.ts';
import { canonicalLabels, compareText, type Labels } from '../../../storage/series/labels.ts';
import { compileMatcher, type Matcher, type MatchType } from '../../../storage/series/matcher.ts';
import { cardinalityIn } from '../../../storage/tag-index/cardinality.ts';
import { labelNames, labelsOf, labelValues } from '../../../storage/tag-index/reader.ts';
import { select } from '../../../storage/tag-index/select.ts';
import { createIndexLab } from '../../support/index-lab.ts';
import { rejection } from '../../support/rejection.ts';
import { property } from '../../support/seed.ts';

const index = suite('storage/tag-index/select');

/** Few names and values, so that sets meet; some that sort and encode awkwardly. */
const NAMES = ['__name__', 'job', 'a', 'a\u0000', 'ä', '\u{1f600}'];
const VALUES = [
  '',
  'x',
  'xy',
  'xyz',
  'y',
  '\u0000',
  '\u0000\u0001',
  '\uffee',
  '\u{1f600}x',
  '\ufeff',
  '\u0000ÿ',
];
const PATTERNS = [
  '',
  'x',
  'x|y',
  'x|',
  '.*',
  '.+',
  'x.*',
  'x.+',
  '.*y',
  '[xy]+',
  '(x|y)?',
  '\\x00.*',
];

const anyLabels = fc
  .uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), value: fc.constantFrom(...VALUES) }), {
    minLength: 1,
    maxLength: 5,
    selector: ({ name }) => name,
  })
  .map((labels) => canonicalLabels(labels.map(({ name, value }) => ({ name, value }))))
  .filter((labels) => labels.length > 0);
/** Drawn often enough to be forgotten and to come back as new series. */
const commonLabels = fc.constantFrom('x', 'y', 'z').map((value): Labels => [{ name: 'a', value }]);
const labelsArbitrary = fc.oneof(anyLabels, commonLabels);

const matcherArbitrary: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({
    name: fc.constantFrom(...NAMES, 'absent'),
    type: fc.constantFrom<MatchType>('=', '!='),
    value: fc.constantFrom(...VALUES, 'absent'),
  }),
  fc.record({
    name: fc.constantFrom(...NAMES, 'absent'),
    type: fc.constantFrom<MatchType>('=~', '!~'),
    value: fc.constantFrom(...PATTERNS),
  }),
);

const stepArbitrary = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('add'), labels: labelsArbitrary }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('forget'), pick: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('seal') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flush') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('compact') }) },
);
type Step = { kind: string; labels?: Labels; pick?: number };

/** So small that a few series fill several levels. */
const SMALL_LIMITS = { levelZeroTables: 2, levelOneBytes: 300, ratio: 1.5 };
const SMALL_TABLE_BYTES = 200;

/** Plays the steps; returns the index and what it should hold. */
async function play(steps: readonly Step[]) {
  const lab = createIndexLab(4096);
  const model = new Map<number, Labels>();
  for (const { kind, labels, pick } of steps) {
    if (kind === 'add') {
      const known = [...model].find(
        ([, other]) => JSON.stringify(other) === JSON.stringify(labels),
      );
      assert.is(await lab.find(labels!), known?.[0] ?? 0);
      if (known === undefined) model.set(lab.add(labels!), labels!);
    } else if (kind === 'forget' && model.size > 0) {
      const [id, gone] = [...model][pick! % model.size]!;
      lab.forget(gone, id);
      model.delete(id);
    } else if (kind === 'seal') lab.seal();
    else if (kind === 'flush') await lab.flush();
    else if (kind === 'compact') await lab.compact(SMALL_LIMITS, SMALL_TABLE_BYTES);
  }
  return { lab, model };
}

function keeps(labels: Labels, matcher: Matcher): boolean {
  const value = labels.find(({ name }) => name === matcher.name)?.value ?? '';
  return compileMatcher(matcher).matches(value);
}

const steps = fc.array(stepArbitrary as fc.Arbitrary<Step>, {
  maxLength: 80,
  size: 'max',
});

index('counts the series of every label pair, wherever they lie', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (played) => {
      const { lab, model } = await play(played);
      const wanted = new Map<string, number>();
      for (const labels of model.values()) {
        for (const { name, value } of labels) {
          const pair = `${name}=${value}`;
          wanted.set(pair, (wanted.get(pair) ?? 0) + 1);
        }
      }
      const found = await cardinalityIn(lab.view(), 10_000, async () => {});
      const pairs = found.seriesByPair.map(({ name, count }) => [name, count] as const);
      assert.equal(new Map(pairs.toSorted()), new Map([...wanted].toSorted()));
      assert.is(found.labelPairs, wanted.size);
    }),
    property(100),
  );
});

index('counts the largest in order, and no more than asked for', async () => {
  const lab = createIndexLab();
  for (const [i, host] of ['a', 'b', 'b', 'c', 'c', 'c'].entries()) {
    const [metric, id] = [
      { name: '__name__', value: i < 4 ? 'up' : 'down' },
      { name: 'id', value: String(i) },
    ];
    lab.add([metric!, { name: 'host', value: host }, id!]);
    if (i === 2) await lab.flush();
  }
  assert.equal(await cardinalityIn(lab.view(), 2, async () => {}), {
    labelPairs: 11,
    seriesByMetric: [
      { name: 'up', count: 4 },
      { name: 'down', count: 2 },
    ],
    valuesByLabel: [
      { name: 'id', count: 6 },
      { name: 'host', count: 3 },
    ],
    charactersByLabel: [
      { name: '__name__', count: 6 },
      { name: 'id', count: 6 },
    ],
    seriesByPair: [
      { name: '__name__=up', count: 4 },
      { name: 'host=c', count: 3 },
    ],
  });
});

index('pauses while it tries a pattern on many values, and may be ended there', async () => {
  const lab = createIndexLab();
  const names = Array.from({ length: 2000 }, (_, i) => `host-${i}`);
  for (const value of names) lab.add([{ name: 'host', value }]);
  const pattern: Matcher = { name: 'host', type: '=~', value: 'host-.*7' };
  for (const place of ['memory', 'a table']) {
    let pauses = 0;
    const found = await select(lab.view(), [[pattern]], async () => void pauses++);
    assert.is(found.length, 200, place);
    assert.ok(pauses >= 3, place);
    const enough = new Error('enough');
    const ended = select(lab.view(), [[pattern]], () => Promise.reject(enough));
    assert.is(await rejection(ended), enough);
    await lab.flush();
  }
});

index(
  'selectors choose what a filter over all series chooses, wherever the series lie',
  async () => {
    const selectors = fc.array(fc.array(matcherArbitrary, { maxLength: 3 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(steps, fc.array(selectors, { maxLength: 8 }), async (played, questions) => {
        const { lab, model } = await play(played);
        for (const question of questions) {
          const want = [...model]
            .filter(([, labels]) =>
              question.some((matchers) => matchers.every((matcher) => keeps(labels, matcher))),
            )
            .map(([id]) => id)
            .sort((a, b) => a - b);
          assert.equal([...(await select(lab.view(), question))], want, JSON.stringify(question));
        }
      }),
      property(150),
    );
  },
);

index('labels, names and values are those of the series that are left', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(80)), async (played, picks) => {
      const { lab, model } = await play(played);
      const view = lab.view();
      const ids = Uint32Array.from(new Set(picks)).sort();
      assert.equal(
        await labelsOf(view, ids),
        [...ids].map((id) => model.get(id)),
      );
      const all = [...model.values()].flat();
      const some = [...ids].flatMap((id) => model.get(id) ?? []);
      assert.equal(await labelNames(view), sortedSet(all.map(({ name }) => name)));
      assert.equal(await labelNames(view, ids), sortedSet(some.map(({ name }) => name)));
      for (const asked of [...NAMES, '', 'absent']) {
        const of = (labels: Labels) =>
          sortedSet(labels.filter(({ name }) => name === asked).map(({ value }) => value));
        assert.equal(await labelValues(view, asked), of(all));
        assert.equal(await labelValues(view, asked, ids), of(some));
      }
    }),
    property(100),
  );
});

index('an invalid expression is refused', async () => {
  const matchers: Matcher[] = [{ name: 'a', type: '=~', value: '(' }];
  const error = await rejection(select(createIndexLab().view(), [matchers]));
  assert.ok(error instanceof StorageError && error.code === 'INVALID_ARGUMENT');
});

function sortedSet(texts: string[]): string[] {
  return [...new Set(texts)].sort(compareText);
}

index.run();
