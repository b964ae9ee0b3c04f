// Lengths of time in brackets and behind `offset`: literals, and arithmetic on them.

import type { SyntaxNode } from '@lezer/common';
import type { QueryLimits } from '../limits.ts';
import type { Duration, Span } from './ast.ts';
import { parseError } from './errors.ts';
import { numberValue } from './literals.ts';
import { tooDeep } from './scan-text.ts';

/** The longest duration that Prometheus can hold: 2^63 ns. */
const SECONDS_MAX = 2 ** 63 / 1e9;
/** In the words of other limits, see limits.ts. */
const SECONDS_MAX_NOTE = ' (limit 292y, no config key: the longest that PromQL can hold)';

type Seconds = Extract<Duration, { kind: 'seconds' }>;

/** A signed literal, in seconds. */
export function readSeconds(text: string, node: SyntaxNode): Seconds {
  const literal = text.slice(node.from, node.to);
  const sign = literal[0] === '-' ? -1 : 1;
  const value = numberValue(literal.replace(/^[-+]\s*/, ''));
  if (value === undefined)
    throw parseError(text, node, `bad number or duration syntax: "${literal}"`);
  return { kind: 'seconds', value: sign * value, span: { from: node.from, to: node.to } };
}

/** A DurationExpr or OffsetDurationExpr. */
export function readDuration(
  text: string,
  node: SyntaxNode,
  limits: QueryLimits,
  depth = 1,
): Duration {
  if (depth > limits.depthMax) throw tooDeep(text, node.from, limits);
  const span: Span = { from: node.from, to: node.to };
  const parts = childrenOf(node);
  const [first, second, third] = parts;
  if (first === undefined) throw parseError(text, span, 'expected a duration');
  const read = (part: SyntaxNode): Duration => readDuration(text, part, limits, depth + 1);
  if (first.name === 'NumberDurationLiteralInDurationContext') {
    const literal = readSeconds(text, first);
    if (!(Math.abs(literal.value) < SECONDS_MAX)) {
      throw parseError(text, span, `duration out of range${SECONDS_MAX_NOTE}`);
    }
    return literal;
  }
  switch (first.name) {
    case 'DurationStep':
      return { kind: 'step', span };
    case 'DurationRange':
      return { kind: 'range', span };
    case 'DurationMinOf':
    case 'DurationMaxOf':
      return {
        kind: 'arithmetic',
        operator: first.name === 'DurationMinOf' ? 'min_of' : 'max_of',
        left: read(second!),
        right: read(third!),
        span,
      };
    case 'UnaryOp': {
      const operand = read(second!);
      if (text[first.from] === '+') return operand;
      // A negative literal is a literal, so that it prints as it was written.
      if (operand.kind === 'seconds') return { ...operand, value: -operand.value, span };
      return { kind: 'negate', operand, span };
    }
  }
  if (second === undefined || third === undefined) return read(first);
  const operator = text.slice(second.from, second.to) as '+' | '-' | '*' | '/' | '%' | '^';
  return { kind: 'arithmetic', operator, left: read(first), right: read(third), span };
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    found.push(child);
  }
  return found;
}
