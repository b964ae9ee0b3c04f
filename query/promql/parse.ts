// Text -> expression. The published grammar finds the words and the brackets, operators.ts the
// order, types.ts what makes sense; every error points into the text.

import type { SyntaxNode } from '@lezer/common';
import { parser as grammar } from '@prometheus-io/lezer-promql';
import type { Matcher } from '../../storage/index.ts';
import { DEFAULT_LIMITS, type QueryLimits } from '../limits.ts';
import type { Expr, Span, VectorSelector } from './ast.ts';
import { parseError } from './errors.ts';
import { createExpressionReader } from './expression-reader.ts';
import { scanText } from './scan-text.ts';
import { checkTypes } from './types.ts';

/** Throws QueryError (bad_data): `1:5: parse error: ...`, lines and columns from 1. */
export function parse(text: string, limits: QueryLimits = DEFAULT_LIMITS): Expr {
  const scanned = scanText(text, limits);
  const tree = grammar.parse(scanned);
  const broken = firstError(tree.topNode);
  if (broken !== undefined) throw syntaxError(scanned, broken);
  // A tree without errors has the one expression below its top.
  const expr = createExpressionReader(text, scanned, limits)(tree.topNode.firstChild!);
  checkTypes(expr, text);
  return expr;
}

/** The matchers of a plain vector selector, as `match[]` takes it. */
export function parseMatchers(
  text: string,
  limits: QueryLimits = DEFAULT_LIMITS,
): readonly Matcher[] {
  const expr = parse(text, limits);
  if (!isPlainSelector(expr)) {
    throw parseError(text, { from: 0 }, 'expected a vector selector without modifiers');
  }
  return expr.matchers;
}

function isPlainSelector(expr: Expr): expr is VectorSelector {
  return expr.kind === 'vector' && expr.offset === undefined && expr.at === undefined;
}

function firstError(top: SyntaxNode): Span | undefined {
  const cursor = top.cursor();
  do {
    if (cursor.type.isError) return { from: cursor.from, to: cursor.to };
  } while (cursor.next());
  return undefined;
}

/** What stands where the grammar gave up. */
function syntaxError(text: string, at: Span): Error {
  const blank = /^\s*/.exec(text.slice(at.from))![0].length;
  const from = at.from + blank;
  const rest = text.slice(from);
  if (rest === '') {
    const empty = text.trim() === '';
    return parseError(
      text,
      { from: text.length },
      empty ? 'no expression found in input' : 'unexpected end of input',
    );
  }
  const called = /([a-zA-Z_:][\w:]*)\s*$/.exec(text.slice(0, from));
  if (rest[0] === '(' && called !== null) {
    const name = called[1]!;
    return parseError(text, { from: called.index }, `unknown function with name "${name}"`);
  }
  const word = /^[a-zA-Z_:][\w:]*/.exec(rest)?.[0];
  if (word !== undefined) return parseError(text, { from }, `unexpected identifier "${word}"`);
  const number = /^[\d.][\w.]*/.exec(rest)?.[0];
  if (number !== undefined) return parseError(text, { from }, `unexpected number "${number}"`);
  const token = /^(?:=~|!~|==|!=|<=|>=|["'`][^\n]*|[\s\S])/u.exec(rest)![0];
  return parseError(text, { from }, `unexpected ${JSON.stringify(token)}`);
}
