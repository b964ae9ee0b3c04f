// What stands behind an operand: ranges, subqueries, `offset` and `@`.

import type { SyntaxNode } from '@lezer/common';
import type { QueryLimits } from '../limits.ts';
import type { At, Expr, Modifiers, Span } from './ast.ts';
import { readDuration, readSeconds } from './duration-reader.ts';
import { parseError } from './errors.ts';

/** Instants that a Prometheus timestamp (int64 ms) can hold, in seconds. */
const AT_SECONDS_MAX = 2 ** 63 / 1000;

/** `expr` with the modifier of `node` applied. */
export function withModifier(
  text: string,
  expr: Expr,
  node: SyntaxNode,
  limits: QueryLimits,
): Expr {
  const span: Span = { from: expr.span.from, to: node.to };
  switch (node.name) {
    case 'MatrixSelector': {
      if (expr.kind !== 'vector') {
        throw parseError(text, expr.span, 'ranges only allowed for vector selectors');
      }
      if (expr.offset !== undefined) {
        throw parseError(text, span, 'no offset modifiers allowed before range');
      }
      if (expr.at !== undefined) {
        throw parseError(text, span, 'no @ modifiers allowed before range');
      }
      const range = readRange(text, node.getChild('DurationExpr')!, limits);
      return { kind: 'matrix', selector: expr, range, span };
    }
    case 'SubqueryExpr': {
      const [range, step] = node.getChildren('DurationExpr');
      return {
        kind: 'subquery',
        inner: expr,
        range: readRange(text, range!, limits),
        ...(step !== undefined && { step: readRange(text, step, limits) }),
        span,
      };
    }
    case 'OffsetExpr': {
      const offset = readDuration(text, node.getChild('OffsetDurationExpr')!, limits);
      return modified(text, expr, { offset }, 'offset', span);
    }
    case 'StepInvariantExpr':
      return modified(text, expr, { at: readAt(text, node) }, '@', span);
    default:
      return extended(text, expr, node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed', span);
  }
}

function extended(text: string, expr: Expr, extension: 'anchored' | 'smoothed', span: Span): Expr {
  if (expr.kind !== 'matrix') {
    const message = `${extension} modifier is only supported for range vector selectors`;
    throw parseError(text, span, message);
  }
  if (expr.selector.extension !== undefined) {
    const message = 'anchored and smoothed modifiers cannot be used together';
    throw parseError(text, span, message);
  }
  return { ...expr, selector: { ...expr.selector, extension }, span };
}

function readRange(text: string, node: SyntaxNode, limits: QueryLimits) {
  const range = readDuration(text, node, limits);
  if (range.kind === 'seconds' && !(range.value > 0)) {
    throw parseError(text, range.span, 'duration must be greater than 0');
  }
  return range;
}

function modified(
  text: string,
  expr: Expr,
  modifier: Modifiers,
  word: 'offset' | '@',
  span: Span,
): Expr {
  const target = expr.kind === 'matrix' ? expr.selector : expr;
  if (target.kind !== 'vector' && target.kind !== 'subquery') {
    throw parseError(
      text,
      span,
      `${word} modifier must be preceded by an instant vector selector or range vector selector ` +
        'or a subquery',
    );
  }
  const taken = word === 'offset' ? target.offset : target.at;
  if (taken !== undefined) {
    const what = word === 'offset' ? 'offset' : '@ <timestamp>';
    throw parseError(text, span, `${what} may not be set multiple times`);
  }
  if (expr.kind === 'matrix') {
    return { ...expr, selector: { ...expr.selector, ...modifier }, span };
  }
  return { ...target, ...modifier, span };
}

function readAt(text: string, node: SyntaxNode): At {
  const preprocessor = node.getChild('AtModifierPreprocessors');
  if (preprocessor !== null) {
    return { kind: preprocessor.getChild('AtStart') !== null ? 'start' : 'end' };
  }
  const literal = readSeconds(text, node.getChild('NumberDurationLiteral')!);
  if (!(Math.abs(literal.value) < AT_SECONDS_MAX)) {
    throw parseError(text, node, `timestamp out of bounds for @ modifier: ${literal.value}`);
  }
  return { kind: 'time', timestampMs: Math.round(literal.value * 1000) };
}
