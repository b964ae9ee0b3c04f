import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../../query/promql/parse.ts';
import { print } from '../../../query/promql/printer.ts';

const printer = suite('query/promql/printer');
const SEED = Number(process.env['SEED'] ?? 20_260_822);

const CANONICAL: readonly (readonly [string, string])[] = [
  ['sum(a)by(b,c)', 'sum by (b, c) (a)'],
  ['sum without()(a)', 'sum without () (a)'],
  ['topk  ( 5 , a )', 'topk(5, a)'],
  ['a{b="c" ,d!~\'e\'}', 'a{b="c",d!~"e"}'],
  ['{__name__="a"}', '{__name__="a"}'],
  ['{"a b", "c d"="e"}', '{"a b","c d"="e"}'],
  ['a[90s] offset 60m', 'a[1m30s] offset 1h'],
  ['a[5m:] @ 1.5', 'a[5m:] @ 1.500'],
  ['a @ end() offset -5m', 'a @ end() offset -5m'],
  ['a+on(b)group_left(c)d', 'a + on (b) group_left (c) d'],
  ['a>bool ignoring(b) c', 'a > bool ignoring (b) c'],
  ['a + fill(0) b', 'a + fill (0) b'],
  ['-(1+2)', '-(1 + 2)'],
  ['1e3', '1000'],
  ['"\\x01é"', '"\\x01é"'],
  ['a[step()*2+1m]', 'a[((step() * 2s) + 1m)]'],
];

for (const [text, want] of CANONICAL) {
  printer(`prints ${JSON.stringify(text)} in its one form`, () => {
    assert.is(print(parse(text)), want);
    assert.is(print(parse(want)), want);
  });
}

const name = fc.constantFrom('a', 'b:c', 'sum', 'my metric', 'é');
const label = fc.constantFrom('x', 'y_1', 'on', 'with.dot');
const value = fc.string({ maxLength: 6, unit: 'grapheme' });
const duration = fc.constantFrom('1m', '90s', '1h5m', '250ms', '(step() + 5s)');

const selector = fc
  .tuple(name, fc.array(fc.tuple(label, fc.constantFrom('=', '!='), value), { maxLength: 2 }))
  .map(([metric, matchers]) => {
    const parts = matchers.map(([l, op, v]) => `${JSON.stringify(l)}${op}${JSON.stringify(v)}`);
    return `{${[JSON.stringify(metric), ...parts].join(', ')}}`;
  });
const modifier = fc.constantFrom(
  '',
  ' offset 5m',
  ' offset -1m',
  ' @ 12.345',
  ' @ start() offset 1h',
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.tuple(selector, modifier).map(([s, m]) => s + m),
    fc.tuple(selector, duration, modifier).map(([s, d, m]) => `rate(${s}[${d}]${m})`),
    fc
      .tuple(tie('expression'), duration, modifier)
      .map(([e, d, m]) => `avg_over_time((${e})[${d}:]${m})`),
    fc.tuple(tie('expression'), fc.constantFrom('by', 'without'), label).map(([e, by, l]) => {
      return `sum ${by} (${JSON.stringify(l)}) (${e})`;
    }),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '^', '==', 'and', '> bool'),
        tie('expression'),
      )
      .map(([l, op, r]) => `${l} ${op} ${r}`),
    tie('expression').map((e) => `-${e}`),
    tie('expression').map((e) => `(${e})`),
    fc
      .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), tie('expression'))
      .map(([n, e]) => `clamp_min(${e}, ${n})`),
  ),
}));

printer(`prints what reads back as the same expression (seed ${SEED})`, () => {
  fc.assert(
    fc.property(expression, (text) => {
      const expr = parse(text);
      assert.equal(withoutSpans(parse(print(expr))), withoutSpans(expr));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'span' && key !== 'operatorSpan');
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSpans(inner)]));
}

printer.run();
