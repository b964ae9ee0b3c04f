import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { QueryError } from '../../../query/index.ts';
import { DEFAULT_LIMITS } from '../../../query/limits.ts';
import type { Expr } from '../../../query/promql/ast.ts';
import { parse } from '../../../query/promql/parse.ts';

const parser = suite('query/promql/parse');

/** The expression as S-expressions: operators and operands, nothing else. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'paren':
      return shape(expr.inner);
    case 'unary':
      return `(${expr.operator} ${shape(expr.operand)})`;
    case 'binary':
      return `(${expr.operator} ${shape(expr.left)} ${shape(expr.right)})`;
    case 'aggregation':
      return `(${expr.operator} ${shape(expr.argument)})`;
    case 'call':
      return `(${[expr.name, ...expr.args.map(shape)].join(' ')})`;
    case 'vector':
      return `${expr.name ?? '{}'}${expr.offset ? '>offset' : ''}${expr.at ? '>at' : ''}`;
    case 'matrix':
      return `[${shape(expr.selector)}]`;
    case 'subquery':
      return `[${shape(expr.inner)}:]${expr.offset ? '>offset' : ''}${expr.at ? '>at' : ''}`;
  }
}

const SHAPES: readonly (readonly [string, string])[] = [
  ['1 + 2 * 3 ^ 4', '(+ 1 (* 2 (^ 3 4)))'],
  ['2 ^ 3 ^ 4', '(^ 2 (^ 3 4))'],
  ['1 - 2 - 3', '(- (- 1 2) 3)'],
  ['-2 ^ 2', '(- (^ 2 2))'],
  ['-a ^ b', '(- (^ a b))'],
  ['2 ^ -1 * 3', '(* (^ 2 -1) 3)'],
  ['-a * b', '(* (- a) b)'],
  ['1 - -1', '(- 1 -1)'],
  ['a-1', '(- a 1)'],
  ['a or b and c unless d', '(or a (unless (and b c) d))'],
  ['a == bool b + 1', '(== a (+ b 1))'],
  ['a % b atan2 c', '(atan2 (% a b) c)'],
  ['a + b offset 5m * c', '(+ a (* b>offset c))'],
  ['-a offset 5m', '(- a>offset)'],
  ['a + b @ 10', '(+ a b>at)'],
  ['x offset 2 ^ 2', '(^ x>offset 2)'],
  ['rate(a[5m] offset 1m @ end())', '(rate [a>offset>at])'],
  ['max_over_time(rate(a[5m])[1h:] @ start())', '(max_over_time [(rate [a]):]>at)'],
  ['sum by (a) (b) / sum(c) by (d)', '(/ (sum b) (sum c))'],
  ['SUM(a) OR b', '(or (sum a) b)'],
  ['sum + rate + by + offset_x', '(+ (+ (+ sum rate) by) offset_x)'],
  ['0x1F + 1e3 + .5 + 2. + Inf', '(+ (+ (+ (+ 31 1000) 0.5) 2) Infinity)'],
  ['1h30m + 5', '(+ 5400 5)'],
  ['a # a comment\n + # another\n b', '(+ a b)'],
  ['"a\\tb" # "', '"a\\tb"'],
];

for (const [text, want] of SHAPES) {
  parser(`puts ${JSON.stringify(text)} together by precedence`, () => {
    assert.is(shape(parse(text)), want);
  });
}

const MISTAKES: readonly (readonly [string, string])[] = [
  ['', '1:1: parse error: no expression found in input'],
  ['# nothing', '1:10: parse error: no expression found in input'],
  ['foo bar', '1:5: parse error: unexpected identifier "bar"'],
  ['foo\n  bar', '2:3: parse error: unexpected identifier "bar"'],
  ['sum(', '1:5: parse error: unclosed left parenthesis'],
  ['foo{a="b"', '1:10: parse error: unclosed left brace'],
  ['foo[5m', '1:7: parse error: unclosed left bracket'],
  ['foo)', '1:4: parse error: unexpected ")"'],
  ['foo +', '1:6: parse error: unexpected end of input'],
  ['foo{a="b}', '1:7: parse error: unterminated quoted string'],
  ['nosuch(foo)', '1:1: parse error: unknown function with name "nosuch"'],
  ['1 + nosuch(foo)', '1:5: parse error: unknown function with name "nosuch"'],
  ['foo{a=~"("}', '1:8: parse error: '],
  ['"\\q"', '1:1: parse error: error unquoting string "\\q": invalid syntax'],
  ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
  [
    'rate(foo)',
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
  ],
  ['rate()', '1:1: parse error: expected 1 argument(s) in call to "rate", got 0'],
  ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
  [
    'label_join(a)',
    '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1',
  ],
  [
    'sum(1)',
    '1:5: parse error: expected type instant vector in aggregation expression, got scalar',
  ],
  [
    'topk(a)',
    '1:1: parse error: wrong number of arguments for aggregate expression provided, expected ' +
      '2, got 1',
  ],
  ['topk("a", b)', '1:6: parse error: expected type scalar in aggregation parameter, got string'],
  ['1 == 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
  ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
  ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
  [
    'a[5m] + 1',
    '1:1: parse error: binary expression must contain only scalar and instant vector types',
  ],
  [
    'a + on(b) group_left(b) c',
    '1:3: parse error: label "b" must not occur in ON and GROUP clause at once',
  ],
  ['a and on(b) group_left c', '1:7: parse error: no grouping allowed for "and" operation'],
  [
    '-"a"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or ' +
      'instant vector, got "string"',
  ],
  ['sum(a)[5m]', '1:1: parse error: ranges only allowed for vector selectors'],
  ['a[0s]', '1:3: parse error: duration must be greater than 0'],
  ['a offset 5m offset 5m', '1:1: parse error: offset may not be set multiple times'],
  [
    'sum(a) offset 5m',
    '1:1: parse error: offset modifier must be preceded by an instant vector selector or ' +
      'range vector selector or a subquery',
  ],
  ['a @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
  ['1[5m:]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
  [
    'a[99999999999999999999y]',
    '1:3: parse error: duration out of range ' +
      '(limit 292y, no config key: the longest that PromQL can hold)',
  ],
  [
    'a anchored',
    '1:1: parse error: anchored modifier is only supported for range vector selectors',
  ],
  [
    'rate(a[5m] anchored smoothed)',
    '1:6: parse error: anchored and smoothed modifiers cannot be used together',
  ],
  ['a </ 5', '1:3: parse error: operator "</" takes native histograms, which are not stored here'],
];

for (const [text, want] of MISTAKES) {
  parser(`points at what is wrong with ${JSON.stringify(text)}`, () => {
    const error = mistake(text);
    assert.is(error.kind, 'bad_data');
    assert.ok(error.message.includes(want), error.message);
  });
}

function mistake(text: string, limits = DEFAULT_LIMITS): QueryError {
  try {
    parse(text, limits);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`no mistake was found in ${text}`);
}

const DEEP: readonly (readonly [string, string])[] = [
  ['parentheses', `${'('.repeat(30_000)}1${')'.repeat(30_000)}`],
  ['signs', `${'-'.repeat(60_000)}1`],
  ['calls', `${'abs('.repeat(10_000)}x${')'.repeat(10_000)}`],
  ['a chain of operators', `1${'+1'.repeat(30_000)}`],
  ['a chain of powers', `a${'^a'.repeat(30_000)}`],
  ['subqueries', `a${'[5m:]'.repeat(10_000)}`],
  ['durations', `a[${'-'.repeat(50_000)}1m]`],
];

for (const [name, text] of DEEP) {
  parser(`refuses ${name} that nest too deep, without using up the stack`, () => {
    const { message } = mistake(text);
    assert.match(message, /nested too deep \(limit 100, config key query\.max_depth\)/);
  });
}

parser('refuses a text over the limit before it looks at it', () => {
  const { message } = mistake('('.repeat(1_000_000));
  const limit = 'limit 65536, config key query.max_expression';
  assert.is(message, `the expression has 1000000 bytes (${limit})`);
});

parser('takes as many levels as the limit says', () => {
  const limits = { ...DEFAULT_LIMITS, depthMax: 3 };
  assert.is(shape(parse('1 + (2)', limits)), '(+ 1 2)');
  assert.match(mistake('1 + ((2))', limits).message, /limit 3/);
});

parser('reads quoted names of metrics and labels', () => {
  const expr = parse('{"my metric", "a.b"=~"x|y", c!=\'d\'}');
  assert.equal(expr, {
    kind: 'vector',
    name: 'my metric',
    matchers: [
      { name: 'a.b', type: '=~', value: 'x|y' },
      { name: 'c', type: '!=', value: 'd' },
      { name: '__name__', type: '=', value: 'my metric' },
    ],
    span: { from: 0, to: 35 },
  });
});

parser.run();
