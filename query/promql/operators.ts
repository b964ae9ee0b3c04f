// Precedence. The grammar's tree does not carry PromQL's: it puts `-2 ^ 2` together as (-2) ^ 2 and
// lets `a + b offset 5m` move both. So an operator chain is laid out flat, in the order of the
// text, and put together again here.

import type { SyntaxNode } from '@lezer/common';

/** One piece of an operator chain. */
export type Item =
  | { readonly kind: 'operand'; readonly node: SyntaxNode }
  /** A sign in front of an operand. */
  | { readonly kind: 'prefix'; readonly operator: '-' | '+'; readonly from: number }
  /** A modifier or range behind an operand: binds tighter than every operator. */
  | { readonly kind: 'postfix'; readonly node: SyntaxNode }
  | { readonly kind: 'infix'; readonly node: SyntaxNode };

/** How tight an operator binds; a sign binds as tight as a multiplication. */
export const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<=': 3,
  '<': 3,
  '>=': 3,
  '>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
export const PREFIX_PRECEDENCE = 5;

const POSTFIX: ReadonlySet<string> = new Set([
  'OffsetExpr',
  'StepInvariantExpr',
  'MatrixSelector',
  'SubqueryExpr',
  'AnchoredExpr',
  'SmoothedExpr',
]);

/** The chain under `root`; parentheses, calls and literals are its operands. No recursion. */
export function flatten(root: SyntaxNode, text: string): Item[] {
  const items: Item[] = [];
  const pending: (SyntaxNode | Item)[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ('kind' in next) {
      items.push(next);
    } else if (next.name === 'BinaryExpr') {
      pending.push(next.lastChild!, { kind: 'infix', node: next }, next.firstChild!);
    } else if (next.name === 'UnaryExpr') {
      items.push(prefix(text, next.from));
      pending.push(next.lastChild!);
    } else if (POSTFIX.has(next.name)) {
      pending.push({ kind: 'postfix', node: next }, next.firstChild!);
    } else if (next.name === 'NumberDurationLiteral' && /[-+]/.test(text[next.from]!)) {
      items.push(prefix(text, next.from), { kind: 'operand', node: next });
    } else {
      items.push({ kind: 'operand', node: next });
    }
  }
  return items;
}

function prefix(text: string, from: number): Item {
  return { kind: 'prefix', operator: text[from] === '-' ? '-' : '+', from };
}
