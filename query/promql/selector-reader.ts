// Selectors and label lists.

import type { SyntaxNode } from '@lezer/common';
import { compileMatcher, type Matcher, type MatchType } from '../../storage/index.ts';
import type { VectorSelector } from './ast.ts';
import { parseError } from './errors.ts';
import { unquote } from './literals.ts';

/** A VectorSelector node: a name, matchers in braces, or both. */
export function readSelector(text: string, node: SyntaxNode): VectorSelector {
  const identifier = node.getChild('Identifier');
  let name = identifier === null ? undefined : text.slice(identifier.from, identifier.to);
  const matchers: Matcher[] = [];
  const list = node.getChild('LabelMatchers');
  for (let child = list?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name !== 'QuotedLabelName') {
      matchers.push(readMatcher(text, child));
      continue;
    }
    const quoted = readText(text, child);
    if (name !== undefined) {
      const message = `metric name must not be set twice: "${name}" or "${quoted}"`;
      throw parseError(text, node, message);
    }
    name = quoted;
  }
  if (name !== undefined) {
    const again = matchers.find((matcher) => matcher.name === '__name__' && identifier !== null);
    if (again !== undefined) {
      const message = `metric name must not be set twice: "${name}" or "${again.value}"`;
      throw parseError(text, node, message);
    }
    matchers.push({ name: '__name__', type: '=', value: name });
  }
  const span = { from: node.from, to: node.to };
  return { kind: 'vector', ...(name !== undefined && { name }), matchers, span };
}

function readMatcher(text: string, node: SyntaxNode): Matcher {
  const [label, operator, literal] = [node.firstChild!, node.getChild('MatchOp')!, node.lastChild!];
  const type = text.slice(operator.from, operator.to) as MatchType;
  const matcher = { name: readText(text, label), type, value: readText(text, literal) };
  try {
    compileMatcher(matcher);
  } catch (error) {
    throw parseError(text, literal, error instanceof Error ? error.message : String(error));
  }
  return matcher;
}

/** Label names in parentheses. */
export function readLabelNames(text: string, list: SyntaxNode): readonly string[] {
  const names: string[] = [];
  for (let child = list.firstChild; child !== null; child = child.nextSibling) {
    names.push(readText(text, child));
  }
  return names;
}

/** A name as it stands, or what is between the quotes. */
function readText(text: string, node: SyntaxNode): string {
  const literal = text.slice(node.from, node.to);
  if (!/["'`]/.test(literal[0]!)) return literal;
  const value = unquote(literal);
  if (value === undefined) {
    throw parseError(text, node, `error unquoting string ${literal}: invalid syntax`);
  }
  return value;
}
