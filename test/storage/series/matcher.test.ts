import fc from 'fast-check';
import { RE2JS } from 're2js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StorageError } from '../../../storage/errors.ts';
import { compileMatcher, type MatchType } from '../../../storage/series/matcher.ts';
import { property } from '../../support/seed.ts';

const matcher = suite('storage/series/matcher');

const compile = (type: MatchType, value: string) => compileMatcher({ name: 'l', type, value });

const CASES: [type: MatchType, value: string, kept: string[], left: string[]][] = [
  ['=', 'a', ['a'], ['', 'aa', 'b']],
  ['=', '', [''], ['a']],
  ['!=', 'a', ['', 'b'], ['a']],
  ['!=', '', ['a'], ['']],
  ['=~', 'a', ['a'], ['', 'ba', 'ab']],
  ['=~', 'a|b|', ['a', 'b', ''], ['ab']],
  ['=~', '(a|b)', ['a', 'b'], ['', 'ab']],
  ['=~', 'a.*', ['a', 'ab', 'a\nb'], ['', 'b']],
  ['=~', 'a.+', ['ab', 'a\n'], ['a', 'b']],
  ['=~', '.*', ['', 'a', '\n'], []],
  ['=~', '.+', ['a', '\n'], ['']],
  ['=~', '', [''], ['a']],
  ['=~', 'a$', ['a'], ['a\n']],
  ['=~', 'a|ab', ['a', 'ab'], ['b']],
  ['=~', '(?i)foo', ['FoO'], ['fo']],
  ['=~', 'ab?', ['a', 'ab'], ['b', '']],
  ['=~', 'ab|cd.*', ['ab', 'cd', 'cde'], ['abc']],
  ['=~', '10\\.0\\.0\\.[0-9]+', ['10.0.0.7'], ['10x0.0.7', '10.0.0.']],
  ['!~', 'a|b', ['', 'c'], ['a', 'b']],
  ['!~', '.*', [], ['', 'a']],
  ['!~', '.+', [''], ['a']],
  ['!~', 'a[0-9]*', ['', 'b'], ['a', 'a1']],
];

for (const [type, value, kept, left] of CASES) {
  matcher(`l${type}${JSON.stringify(value)} keeps what it should`, () => {
    const compiled = compile(type, value);
    for (const text of kept) assert.ok(compiled.matches(text), `keeps ${JSON.stringify(text)}`);
    for (const text of left) assert.not(compiled.matches(text), `leaves ${JSON.stringify(text)}`);
    assert.is(compiled.matchesEmpty, kept.includes(''));
  });
}

const SHAPES: [expression: string, shape: object][] = [
  ['api', { kind: 'oneOf', values: ['api'] }],
  ['a|b\\.c|d', { kind: 'oneOf', values: ['a', 'b.c', 'd'] }],
  ['(?:a|b)', { kind: 'oneOf', values: ['a', 'b'] }],
  ['.*', { kind: 'prefix', prefix: '', restRequired: false }],
  ['.+', { kind: 'prefix', prefix: '', restRequired: true }],
  ['prod-.*', { kind: 'prefix', prefix: 'prod-', restRequired: false }],
  ['prod-[0-9]+', { kind: 'regex', prefix: 'prod-' }],
  ['prod-a*', { kind: 'regex', prefix: '' }],
  ['prod-(a|b)', { kind: 'regex', prefix: '' }],
  ['(a)|(b)', { kind: 'regex', prefix: '' }],
];

for (const [expression, shape] of SHAPES) {
  matcher(`${expression} is recognised for what it is`, () => {
    const { pattern } = compile('=~', expression);
    const { kind, ...rest } = pattern;
    const seen =
      'values' in rest
        ? { kind, values: [...rest.values] }
        : 'test' in rest
          ? { kind, prefix: rest.prefix }
          : { kind, ...rest };
    assert.equal(seen, shape);
  });
}

for (const expression of ['(', 'a**', 'a\\', '(?=a)', '\\1', 'x{1001}', '(a|b))', '[']) {
  matcher(`${expression} is refused and named`, () => {
    assert.throws(
      () => compile('=~', expression),
      (error: unknown) =>
        error instanceof StorageError &&
        error.code === 'INVALID_ARGUMENT' &&
        error.message.includes(JSON.stringify(expression)),
    );
  });
}

matcher('every shortcut agrees with the regular expression engine', () => {
  const piece = fc.constantFrom(
    ...['a', 'b', 'ab', '|', '(', ')', '(?:', '.', '.*', '.+', '*', '+', '?', '\\.', '\\-', '\\_'],
    ...['[ab]', '\u{1f600}', '\n', '^', '$', '{2}', '{', '}', ']', '-', '\\d', '\\Qa|\\E'],
  );
  const value = fc.array(
    fc.constantFrom('a', 'b', '.', '-', '_', '\n', '\u{1f600}', '|', '{', '}', ']', '7'),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.array(value), (pieces, values) => {
      const expression = pieces.join('');
      let reference: RE2JS;
      try {
        reference = RE2JS.compile(expression, RE2JS.DOTALL);
      } catch {
        assert.throws(() => compile('=~', expression));
        return;
      }
      const compiled = compile('=~', expression);
      const { pattern } = compiled;
      for (const text of ['', ...values.map((parts) => parts.join(''))]) {
        const want = reference.matches(text);
        assert.is(compiled.matches(text), want, `${expression} on ${JSON.stringify(text)}`);
        if (want && pattern.kind === 'regex') assert.ok(text.startsWith(pattern.prefix));
      }
    }),
    property(3000),
  );
});

matcher('an expression that backtracking engines choke on takes linear time', () => {
  assert.not(compile('=~', '(a+)+b').matches('a'.repeat(5000)));
});

matcher.run();
