// The four match types. A label that a series does not have counts as the empty string.

import { RE2JS } from 're2js';
import { StorageError } from '../errors.ts';

export type MatchType = '=' | '!=' | '=~' | '!~';

/** `value` of a regular expression is RE2 syntax and matches the whole label value. */
export interface Matcher {
  readonly name: string;
  readonly type: MatchType;
  readonly value: string;
}

/** Which values a matcher speaks of, in a shape that an index can look up. */
export type ValuePattern =
  | { readonly kind: 'oneOf'; readonly values: ReadonlySet<string> }
  /** `prefix.*`, or `prefix.+` when something has to follow; `.*` has the empty prefix. */
  | { readonly kind: 'prefix'; readonly prefix: string; readonly restRequired: boolean }
  /** Every value that satisfies `test` starts with `prefix`. */
  | { readonly kind: 'regex'; readonly prefix: string; test(value: string): boolean };

export interface CompiledMatcher {
  readonly name: string;
  readonly pattern: ValuePattern;
  /** The matcher keeps the series whose value is *not* in the pattern. */
  readonly negated: boolean;
  /** Whether a series without the label is kept. */
  readonly matchesEmpty: boolean;
  matches(value: string): boolean;
}

const EXPRESSION_SHOWN_CHARS_MAX = 200;
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/;

/**
 * Throws INVALID_ARGUMENT, naming the expression, when it is not RE2 syntax. Expressions are
 * anchored at both ends and `.` matches a newline, as in Prometheus 3.
 */
export function compileMatcher(matcher: Matcher): CompiledMatcher {
  const { name, type, value } = matcher;
  const negated = type === '!=' || type === '!~';
  const literal = type === '=' || type === '!=';
  const pattern: ValuePattern = literal
    ? { kind: 'oneOf', values: new Set([value]) }
    : parsePattern(value);
  const inPattern = patternTest(pattern);
  const matches = negated ? (text: string) => !inPattern(text) : inPattern;
  return { name, pattern, negated, matchesEmpty: matches(''), matches };
}

/** Whether `value` is among those the pattern speaks of. */
export function patternTest(pattern: ValuePattern): (value: string) => boolean {
  switch (pattern.kind) {
    case 'oneOf':
      return (value) => pattern.values.has(value);
    case 'prefix': {
      const lengthMin = pattern.prefix.length + (pattern.restRequired ? 1 : 0);
      return (value) => value.length >= lengthMin && value.startsWith(pattern.prefix);
    }
    case 'regex':
      return (value) => pattern.test(value);
  }
}

/** Literals, their alternatives and prefixes are told apart, the rest is left to the engine. */
function parsePattern(expression: string): ValuePattern {
  const alternatives = literalAlternatives(expression);
  if (alternatives !== undefined) return { kind: 'oneOf', values: new Set(alternatives) };
  const { prefix, rest } = literalPrefix(expression);
  if (rest === '.*' || rest === '.+') {
    return { kind: 'prefix', prefix, restRequired: rest === '.+' };
  }
  const compiled = compileRegex(expression);
  // A bar may end the branch that begins with the prefix.
  const shared = expression.includes('|') ? '' : prefix;
  return { kind: 'regex', prefix: shared, test: (value) => compiled.testExact(value) };
}

/** The engine runs in time linear in the value, whatever the expression. */
function compileRegex(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression, RE2JS.DOTALL);
  } catch (error) {
    const shown =
      expression.length > EXPRESSION_SHOWN_CHARS_MAX
        ? `${expression.slice(0, EXPRESSION_SHOWN_CHARS_MAX)}...`
        : expression;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `invalid regular expression ${JSON.stringify(shown)}: ${reason}`;
    throw new StorageError('INVALID_ARGUMENT', message, { cause: error });
  }
}

/** The branches of `a|b|c`, `(a|b|c)` or `(?:a|b|c)` when all are literals. */
function literalAlternatives(expression: string): string[] | undefined {
  const group = /^\((?:\?:)?(.*)\)$/s.exec(expression);
  let rest = group?.[1] ?? expression;
  const branches: string[] = [];
  for (;;) {
    const head = literalHead(rest);
    branches.push(head.text);
    if (head.end === rest.length) return branches;
    if (rest[head.end] !== '|') return undefined;
    rest = rest.slice(head.end + 1);
  }
}

/** The literal text that every match starts with, as far as it can be told without parsing. */
function literalPrefix(expression: string): { prefix: string; rest: string } {
  const head = literalHead(expression);
  // A repetition speaks of the last character alone, and may allow none of it.
  if ('*+?{'.includes(expression[head.end] ?? ' ')) return { prefix: '', rest: expression };
  return { prefix: head.text, rest: expression.slice(head.end) };
}

/** The longest run of plain and escaped characters, and where it ends. */
function literalHead(expression: string): { text: string; end: number } {
  let text = '';
  let end = 0;
  while (end < expression.length) {
    const char = expression[end]!;
    if (char === '\\') {
      const escaped = expression[end + 1];
      if (escaped === undefined || !ASCII_PUNCTUATION.test(escaped)) break;
      text += escaped;
      end += 2;
    } else {
      if ('.+*?()|[]{}^$'.includes(char)) break;
      text += char;
      end++;
    }
  }
  return { text, end };
}
